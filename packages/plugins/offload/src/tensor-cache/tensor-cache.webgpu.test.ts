import { useWebgpu } from '@tapgrad/backend-webgpu';
import type { Plugin } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import { backend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { offload } from '../index.ts';
import { attached, normal, Perceptron, Tower, trained } from '../test-models.ts';

beforeAll(() => useWebgpu());

const [batch, width, blocks] = [512, 64, 6];
/** What a block keeps inside. */
const inner = 4 * batch * 4 * width;

interface Pool {
  readonly peak: { readonly used: number };
  resetPeak(): void;
}

async function run(plugins: readonly Plugin[]) {
  const model = new Tower(blocks, width);
  const inputs = normal([batch, width], 'x');
  const stack = attached(model, plugins);
  const { bufferManager: pool } = backend() as unknown as { bufferManager: Pool };
  // The first step makes what lasts.
  await trained(stack, { inputs }, 1);
  pool.resetPeak();
  stack.ledger.resetPeak();
  const values = await trained(stack, { inputs }, 2);
  const result = {
    values,
    pool: pool.peak.used,
    ledger: stack.ledger.peak().bytes,
    most: stack.ledger.offDevice.most(),
  };
  expect(stack.ledger.offDevice.now()).toEqual({ host: 0, disk: 0 });
  stack.detach();
  model.dispose();
  inputs.dispose();
  return result;
}

describe('on WebGPU', () => {
  it('saved values leave the device within the forward, by the ledger and by the pool', async () => {
    await expectNoLeak(async () => {
      const kept = await run([]);
      const away = await run([offload()]);
      expect(away.values).toEqual(kept.values);
      // Inside the blocks, and between them; the last block keeps what it saves.
      expect(away.most.host).toBe(((blocks - 1) * inner * 5) / 4);
      // What passes between blocks lives until the model's forward ends.
      for (const figure of ['ledger', 'pool'] as const) {
        expect(kept[figure] - away[figure]).toBeGreaterThan((blocks - 2) * inner);
      }
    });
  });

  it('a backward that cannot wait is refused, and leaves nothing behind', async () => {
    await expectNoLeak(async () => {
      const model = new Perceptron();
      const inputs = normal([5, 8], 'x');
      const stack = attached(model, [offload({ smallest: 1, keepLast: false })]);
      expect(() => stack.gradientsOf({ inputs })).toThrow(expect.objectContaining({ code: 'ASYNC_RESTORE' }));
      await trained(stack, { inputs }, 1);
      stack.detach();
      model.dispose();
      inputs.dispose();
    });
  });
});
