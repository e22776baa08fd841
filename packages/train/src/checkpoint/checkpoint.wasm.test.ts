import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { useWasm } from '@tapgrad/backend-wasm';
import { attach, definePlugin, type Module, Parameter, type Plugin, type Stack, TapgradError } from '@tapgrad/core';
import { encodeSafetensors, SafetensorsFile } from '@tapgrad/safetensors';
import { memory, mul, ones, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { adam, loadCheckpoint, readCheckpointInfo, saveCheckpoint, sgd } from '../index.ts';
import { Dense, Mlp, meanSquaredError, numbersOf, sampleData } from '../test-support.ts';
import { checkpointBytes } from './checkpoint.ts';
import { checkpointFolder } from './folder.ts';

beforeAll(() => useWasm());

let folder = '';
const ends: (() => void)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tapgrad-checkpoint-'));
});
afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await rm(folder, { recursive: true });
});

function stackOf(
  plugins: Plugin[] = [scaled()],
  make = () => adam({ learningRate: 0.1 }),
  model: Module<never, Tensor> = new Mlp() as never,
) {
  const optimizer = make();
  const stack = attach(model, plugins, { loss: meanSquaredError, optimizer });
  ends.push(() => {
    stack.detach();
    model.dispose();
    optimizer.dispose();
  });
  return stack;
}

/** A parameter of its own, and state that may refuse to load. */
const scaled = definePlugin({
  name: 'scaled',
  apply({ hooks, addParameter }) {
    const scale = addParameter('scale', new Parameter(scalar(1)));
    hooks.tap(':output').forward((value) => mul(value, scale.read()));
    let lowest = Number.POSITIVE_INFINITY;
    hooks.step.end.tap(({ step }) => void (lowest = Math.min(lowest, step)));
    return {
      saveState: () => ({ json: { lowest } }),
      loadState({ json }) {
        lowest = (json as { lowest: number }).lowest;
      },
    };
  },
});

async function trained(steps = 2, ...given: Parameters<typeof stackOf>) {
  const stack = stackOf(...given);
  const batch = sampleData(6);
  for (let i = 0; i < steps; i++) await stack.step(batch);
  batch.inputs.dispose();
  batch.targets.dispose();
  return stack;
}

const everything = (stack: Stack<Tensor>) => ({ numbers: numbersOf(stack as never), json: stack.state().json });

describe('a checkpoint', () => {
  it('brings back model, plugins, optimizer and step, from a path, a URL, bytes and a Blob', async () => {
    const saved = await trained();
    const path = join(folder, 'deep', 'run.safetensors');
    await saveCheckpoint(saved, path, { extra: { labels: ['a', 'ü'] } });
    const bytes = new Uint8Array(await readFile(path));
    for (const source of [path, pathToFileURL(path), bytes, bytes.buffer, new Blob([bytes])]) {
      const loaded = stackOf();
      const info = await loadCheckpoint(loaded, source);
      expect(everything(loaded)).toEqual(everything(saved));
      expect(info).toEqual({
        step: 2,
        seed: 0,
        parts: ['model', 'plugins', 'optimizer'],
        plugins: ['scaled'],
        extra: { labels: ['a', 'ü'] },
      });
    }
    expect(await readCheckpointInfo(path)).toMatchObject({ step: 2 });
    expect(await readdir(join(folder, 'deep'))).toEqual(['run.safetensors']);
  });

  it('goes to a function as bytes, where there are no files', async () => {
    const saved = await trained();
    let bytes: Uint8Array<ArrayBuffer> | undefined;
    await saveCheckpoint(saved, (given) => {
      bytes = given;
    });
    const loaded = stackOf();
    await loadCheckpoint(loaded, bytes as Uint8Array);
    expect(everything(loaded)).toEqual(everything(saved));
  });

  it('is an ordinary safetensors file', async () => {
    const file = new SafetensorsFile(await checkpointBytes(await trained()));
    expect([...file.entries.keys()]).toContain('layers.0.weight');
    expect([...file.entries.keys()]).toContain('scaled/scale');
    expect([...file.entries.keys()]).toContain('optimizer/layers.0.weight/m');
  });

  it('may hold a plugin alone, and then brings back nothing else', async () => {
    const saved = await trained();
    const bytes = await checkpointBytes(saved, { parts: ['plugins'] });
    expect([...new SafetensorsFile(bytes).entries.keys()]).toEqual(['scaled/scale']);
    const loaded = stackOf();
    const before = everything(loaded);
    await loadCheckpoint(loaded, bytes);
    const after = everything(loaded);
    expect(after.numbers).toEqual({ ...before.numbers, 'scaled/scale': numbersOf(saved as never)['scaled/scale'] });
    expect(loaded.steps).toBe(0);
  });

  it('loads the parts that are asked for', async () => {
    const bytes = await checkpointBytes(await trained());
    const loaded = stackOf([], () => sgd({ learningRate: 1 }));
    await loadCheckpoint(loaded, bytes, { parts: ['model'] });
    expect(loaded.steps).toBe(0);
    const pluginOnly = await checkpointBytes(await trained(), { parts: ['plugins'] });
    await expect(loadCheckpoint(loaded, pluginOnly, { parts: ['model'] })).rejects.toMatchObject({
      code: 'CHECKPOINT_PARTS',
    });
  });

  it('loading makes no tensor, and no more buffers than there were', async () => {
    const bytes = await checkpointBytes(await trained());
    const loaded = await trained();
    const before = memory();
    await loadCheckpoint(loaded, bytes);
    expect(memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
  });
});

describe('a checkpoint that cannot be used changes nothing', () => {
  const refused = async (
    loaded: Stack<Tensor>,
    source: Parameters<typeof loadCheckpoint>[1],
    code: string | RegExp,
  ) => {
    const before = everything(loaded);
    const tensors = memory().numTensors;
    await expect(loadCheckpoint(loaded, source)).rejects.toMatchObject({ code: expect.stringMatching(code) });
    expect(everything(loaded)).toEqual(before);
    expect(memory().numTensors).toBe(tensors);
  };

  it('a file that was cut short, at any place', async () => {
    const bytes = await checkpointBytes(await trained());
    const loaded = await trained(1);
    for (const length of [0, 7, 8, 100, bytes.length >> 1, bytes.length - 1]) {
      await refused(loaded, bytes.slice(0, length), /^SAFETENSORS_/);
    }
  });

  it('no file, a folder, and a place that cannot be written', async () => {
    const loaded = await trained(1);
    await refused(loaded, join(folder, 'none.safetensors'), 'FILE_NOT_FOUND');
    await mkdir(join(folder, 'sub'));
    await refused(loaded, join(folder, 'sub'), 'FILE_UNREADABLE');
    await writeFile(join(folder, 'file'), '');
    await expect(saveCheckpoint(loaded, join(folder, 'file', 'x.safetensors'))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
    });
    await expect(saveCheckpoint(loaded, join(folder, 'sub'))).rejects.toMatchObject({ code: 'FILE_UNWRITABLE' });
    expect((await readdir(folder)).sort()).toEqual(['file', 'sub']);
  });

  it('weights without metadata, another version, metadata that is no JSON or of another form', async () => {
    const loaded = await trained(1);
    const bytes = await checkpointBytes(loaded);
    const good = Object.fromEntries(new SafetensorsFile(bytes).metadata);
    const withMetadata = (metadata: Record<string, string>) => encodeSafetensors(new Map(), metadata);
    await refused(loaded, withMetadata({}), 'CHECKPOINT_INVALID');
    await refused(loaded, withMetadata({ ...good, version: '99' }), 'CHECKPOINT_VERSION');
    for (const stack of [
      '',
      '{',
      '[]',
      'null',
      '{"step":1}',
      '{"step":-1.5,"seed":0,"parts":["model"],"plugins":{}}',
    ]) {
      await refused(loaded, withMetadata({ ...good, stack }), 'CHECKPOINT_INVALID');
    }
    await refused(loaded, withMetadata({ ...good, run: '{"step":"x"}' }), 'CHECKPOINT_INVALID');
  });

  it('another model, another optimizer, a plugin that is not attached, none at all', async () => {
    const bytes = await checkpointBytes(await trained());
    class Deeper extends Mlp {
      readonly extra = new Dense(2, 2, 1);
    }
    await refused(await trained(1, [scaled()], undefined, new Mlp(0, 9) as never), bytes, /STATE/);
    await refused(await trained(1, [scaled()], undefined, new Deeper() as never), bytes, 'STATE_MISMATCH');
    const deeper = await checkpointBytes(await trained(1, [scaled()], undefined, new Deeper() as never));
    await refused(await trained(1), deeper, 'STATE_MISMATCH');
    await refused(
      await trained(1, [scaled()], () => sgd({ learningRate: 1, momentum: 0.5 })),
      bytes,
      'OPTIMIZER_STATE',
    );
    await refused(await trained(1, []), bytes, 'STATE_MISMATCH');
  });

  it('a plugin that refuses its state after others were loaded', async () => {
    const bytes = await checkpointBytes(await trained(2, [scaled(), refusing()]));
    await refused(await trained(1, [scaled(), refusing()]), bytes, 'TOO_OLD');
  });
});

let made = 0;
/** Refuses a state that is not its own. */
const refusing = definePlugin({
  name: 'refusing',
  apply({ keep }) {
    let state = made++;
    keep(ones([2]));
    return {
      saveState: () => ({ json: { state } }),
      loadState({ json }) {
        const given = (json as { state: number }).state;
        if (given !== state) throw new TapgradError({ code: 'TOO_OLD', message: 'made by an older one' });
        state = given;
      },
    };
  },
});

describe('a folder of checkpoints', () => {
  it('lists what is finished, reads, removes, and is empty before the first', async () => {
    const store = checkpointFolder(join(folder, 'new'));
    expect(await store.list()).toEqual([]);
    await store.write('a.safetensors', Uint8Array.of(1));
    await store.write('a.safetensors', Uint8Array.of(2));
    await writeFile(join(folder, 'new', 'b.safetensors.unfinished.tmp'), 'half');
    expect(await store.list()).toEqual(['a.safetensors']);
    expect([...(await store.read('a.safetensors'))]).toEqual([2]);
    await store.remove('a.safetensors');
    await store.remove('a.safetensors');
    expect(await store.list()).toEqual([]);
  });
});
