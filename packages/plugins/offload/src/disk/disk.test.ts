import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OffDeviceCount, type Plugin } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import type { Tensor } from '@tensorflow/tfjs-core';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { offload } from '../index.ts';
import { attached, normal, Perceptron, trained } from '../test-models.ts';
import type { FileQueue } from './file-queue.ts';
import { FileValue } from './file-value.ts';
import { disk } from './index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'offload-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Files of all runs in the folder. */
const files = () => readdirSync(folder).flatMap((run) => readdirSync(join(folder, run)).map((name) => join(run, name)));
const opened = (waiting = 1e9) => {
  const offDevice = new OffDeviceCount();
  return { offDevice, store: disk({ folder }).open({ offDevice, waiting }) };
};
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('a disk', () => {
  it('gives a value that it does not have yet out of memory, and then lets go of that', async () => {
    const { offDevice, store } = opened();
    const value = store.store(new Int32Array([1, 2, 3]), '3-int32');
    expect(offDevice.now()).toEqual({ host: 12, disk: 0 });
    // Nothing was waited for: the file cannot be known to be there.
    expect(value.loadNow()).toEqual(new Int32Array([1, 2, 3]));
    await until(() => offDevice.now().disk === 12);
    expect(offDevice.now().host).toBe(0);
    const [name = ''] = files();
    expect(name).toMatch(/0-3-int32\.bin$/);
    expect([...new Int32Array(new Uint8Array(readFileSync(join(folder, name))).buffer)]).toEqual([1, 2, 3]);
    value.prefetch();
    expect(offDevice.now().host).toBe(12);
    expect(await value.load()).toEqual(new Int32Array([1, 2, 3]));
    value.remove();
    await until(() => files().length === 0);
    expect(offDevice.now()).toEqual({ host: 0, disk: 0 });
    store.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('writes while nobody lets go of the thread, and makes the forward wait beyond what may wait', () => {
    const { offDevice, store } = opened(1000);
    for (let i = 0; i < 10; i++) store.store(new Int32Array(200).fill(i), '200-int32');
    expect(offDevice.most().host).toBe(800);
    expect(files().length).toBeGreaterThanOrEqual(9);
    store.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses what comes after its end, as values on their way from a device may, instead of waiting for a thread that is gone', () => {
    const { store } = opened(1e7);
    for (let i = 0; i < 5; i++) store.store(new Int32Array(4e5), 'before');
    store.close();
    expect(() => store.store(new Int32Array(2.4e6), 'after')).toThrow(/OFFLOAD_DISK/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives a value that it gets hold of while somebody asks for it', async () => {
    const job = { done: false, finished: Promise.resolve() };
    const writing = { run: () => job } as unknown as FileQueue;
    const place = { path: '', writing, reading: writing, offDevice: new OffDeviceCount(), settle: () => undefined };
    const value = new FileValue(new Int32Array([1, 2, 3]), place);
    const loading = value.load();
    job.done = true;
    // As the end of another value's job does.
    value.settled();
    expect(await loading).toEqual(new Int32Array([1, 2, 3]));
  });

  it('does not write what was given up before its turn', async () => {
    const { offDevice, store } = opened();
    const first = store.store(new Int32Array(1e6), 'first');
    const others = Array.from({ length: 5 }, () => store.store(new Int32Array(10), 'other'));
    for (const other of others) other.remove();
    await until(() => offDevice.now().disk > 0);
    expect(files().length).toBeLessThanOrEqual(1);
    first.remove();
    store.close();
    expect(offDevice.now()).toEqual({ host: 0, disk: 0 });
  });

  it('that is full says so, and loses nothing', async () => {
    if (process.platform !== 'linux') {
      console.log('skipped: /dev/full, which is a full disk, is Linux only');
      return;
    }
    const { store } = opened();
    const [run = ''] = readdirSync(folder);
    symlinkSync('/dev/full', join(folder, run, '0-3.bin'));
    const value = store.store(new Int32Array([1, 2, 3]), '3');
    await until(() => {
      try {
        value.loadNow();
        return false;
      } catch {
        return true;
      }
    });
    expect(() => value.loadNow()).toThrow(expect.objectContaining({ code: 'OFFLOAD_DISK_FULL' }));
    await expect(value.load()).rejects.toThrow(expect.objectContaining({ code: 'OFFLOAD_DISK_FULL' }));
    const next = store.store(new Int32Array([4]), '1');
    expect(await next.load()).toEqual(new Int32Array([4]));
    store.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that cannot be written to is refused', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => disk({ folder: join(file, 'x') }).open({ offDevice: new OffDeviceCount(), waiting: 0 })).toThrow(
      expect.objectContaining({ code: 'OFFLOAD_DISK' }),
    );
    rmSync(file);
  });
});

describe('a process that ends', () => {
  // Node runs no TypeScript by itself: the compiled text of the two functions, each in a process of its own.
  it.each([
    ['by itself', 'undefined'],
    ['by an error', 'setImmediate(() => { throw new Error("stop"); })'],
    ['by a signal', 'setTimeout(() => {}, 60000), process.kill(process.pid, "SIGTERM")'],
  ])('%s leaves no folder', async (_, end) => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { disk } from './index.ts';
          const store = disk({ folder: ${JSON.stringify(folder)} }).open({ offDevice: { add() {} }, waiting: 1e9 });
          for (let i = 0; i < 5; i++) store.store(new Int32Array(1000), 'x');
          ${end};`,
        resolveDir: import.meta.dirname,
        loader: 'ts',
      },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'cjs',
      conditions: ['source'],
      logLevel: 'silent',
    });
    const script = join(folder, 'run.cjs');
    writeFileSync(script, outputFiles[0]?.text ?? '');
    const { status, signal } = spawnSync(process.execPath, [script], { timeout: 60_000 });
    expect([status, signal]).toEqual(
      end === 'undefined' ? [0, null] : end.includes('SIGTERM') ? [null, 'SIGTERM'] : [1, null],
    );
    expect(readdirSync(folder)).toEqual(['run.cjs']);
  });
});

describe('training with values on disk', () => {
  const options = { smallest: 1, keepLast: false } as const;

  async function run(plugins: readonly Plugin[], seen: () => void = () => {}) {
    const model = new Perceptron();
    const inputs = normal([5, 8], 'x');
    const stack = attached(model, plugins);
    stack.hooks.loss.tap({ plugin: 'counting', rank: 9, enabled: true }, (terms) => {
      seen();
      return terms;
    });
    const values = await trained(stack, { inputs });
    // A backward that cannot wait for the disk reads by itself.
    const now = stack.gradientsOf({ inputs });
    const gradient = [...(await (now.gradients.get('layers.0.linear.weight') as Tensor).data())];
    now.dispose();
    const { offDevice } = stack.ledger;
    stack.detach();
    model.dispose();
    inputs.dispose();
    return { values, gradient, most: offDevice.most(), now: offDevice.now() };
  }

  it('has a file for every distinct value, the same gradients, and no file afterwards', async () => {
    await expectNoLeak(async () => {
      const counts: number[] = [];
      const count = () => {
        // Files appear while the forward holds the thread.
        const end = Date.now() + 20_000;
        while (files().length < 3 && Date.now() < end);
        counts.push(files().length);
      };
      const plain = await run([]);
      const away = await run([offload({ ...options, store: disk({ folder }) })], count);
      expect(away.values).toEqual(plain.values);
      expect(away.gradient).toEqual(plain.gradient);
      // The two ReLUs' outputs and that of the head.
      expect(counts).toEqual([3, 3, 3]);
      expect(away.most.disk).toBeGreaterThan(0);
      expect(away.now).toEqual({ host: 0, disk: 0 });
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  it('fails a step whose values are lost, changes nothing, and goes on', async () => {
    const model = new Perceptron();
    const inputs = normal([5, 8], 'x');
    const stack = attached(model, [offload({ ...options, store: disk({ folder }) })]);
    const before = await trained(stack, { inputs }, 0);
    let lose = true;
    const tapper = { plugin: 'losing', rank: 9, enabled: true };
    stack.hooks.loss.tap(tapper, (terms) => {
      if (!lose) return terms;
      const end = Date.now() + 20_000;
      while (files().length < 3 && Date.now() < end);
      // What waited in memory until now must not be found there.
      for (const file of files()) rmSync(join(folder, file));
      stack.model.call(inputs).dispose();
      return terms;
    });
    await expect(stack.step({ inputs })).rejects.toThrow(expect.objectContaining({ code: 'OFFLOAD_DISK' }));
    expect(await trained(stack, { inputs }, 0)).toEqual(before);
    lose = false;
    await trained(stack, { inputs }, 1);
    stack.detach();
    expect(readdirSync(folder)).toEqual([]);
    model.dispose();
    inputs.dispose();
  });
});
