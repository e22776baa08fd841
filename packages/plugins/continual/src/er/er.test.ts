import { attach, type Batch, disposeBatch, Module, type Plugin, type Stack } from '@tapgrad/core';
import { crossEntropy, Linear, type Sequential } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { add, cast, mul, sum, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classifier, contents, numbers, put, samples, step } from '../base/test-support.ts';
import { memory } from '../memory/index.ts';
import { er } from './index.ts';

let model: Sequential;
let stack: Stack | undefined;
let seen: Record<string, number[]>[] = [];

beforeEach(() => {
  model = classifier();
  seen = [];
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  model.dispose();
});

/** A stack whose loss sees what it is given. */
function watched(plugins: readonly Plugin[]): Stack {
  const loss = (logits: unknown, batch: Batch) => {
    seen.push(contents(batch));
    return crossEntropy(logits as Tensor, batch);
  };
  stack = attach<unknown>(model, plugins, { loss, optimizer: sgd({ learningRate: 0.1 }), seed: 7 });
  return stack;
}

describe('experience replay', () => {
  it('with an empty memory is plain training, bit for bit', async () => {
    const run = async (plugins: readonly Plugin[]) => {
      const fresh = classifier();
      const stack = put(fresh, plugins);
      // Herding takes nothing before the end of a task.
      const losses: number[] = [];
      for (let i = 0; i < 4; i++) losses.push(await step(stack, samples([0, 1, 2], 3 * i)));
      stack.detach();
      const weights = [...fresh.state().values()].flatMap((each) => numbers(each));
      fresh.dispose();
      return [...losses, ...weights];
    };
    const plain = await run([]);
    expect(await run([memory({ samples: 9, policy: 'herding', features: ':output' }), er()])).toEqual(plain);
    expect(await run([memory({ samples: 9 }), er({ batchSize: 0 })])).toEqual(plain);
    expect(await run([memory({ samples: 9 }), er()])).not.toEqual(plain);
  });

  it('trains with as many samples of the memory as the batch has, or as are asked for', async () => {
    const plain = watched([memory({ samples: 9 }), er()]);
    await step(plain, samples([0, 1]));
    await step(plain, samples([2, 3], 10));
    expect(seen.map(({ targets }) => targets?.length)).toEqual([2, 4]);
    expect(seen[1]?.inputs?.slice(0, 4)).toEqual([2, 10, 3, 11]);
    expect(
      seen[1]?.inputs
        ?.slice(4)
        .filter((_, i) => i % 2 === 1)
        .sort(),
    ).toEqual([0, 1]);
    expect(seen[1]?.tasks?.slice(0, 2)).toEqual([1, 1]);
    plain.detach();
    const one = watched([memory({ samples: 9 }), er({ batchSize: 1 })]);
    await step(one, samples([0, 1]));
    await step(one, samples([2, 3]), samples([0, 1]));
    expect(seen.slice(2).map(({ targets }) => targets?.length)).toEqual([2, 3, 3]);
  });

  it('keeps nothing of itself in the memory, and evaluates without it', async () => {
    const on = watched([memory({ samples: 99 }), er()]);
    for (let i = 0; i < 3; i++) await step(on, samples([0, 1], 2 * i));
    expect(on.state().json.plugins.memory).toMatchObject({ state: { came: 6 } });
    const batch = samples([0, 1]);
    await on.evaluate([batch]);
    disposeBatch(batch);
    expect(seen.at(-1)?.targets).toHaveLength(2);
  });

  it('acts as without a memory when that is disabled or detached', async () => {
    const on = watched([memory({ samples: 9 }), er()]);
    await step(on, samples([0, 1]));
    on.setEnabled('memory', false);
    await step(on, samples([0, 1]));
    on.setEnabled('memory', true);
    await step(on, samples([0, 1]));
    on.detach('memory');
    await step(on, samples([0, 1]));
    expect(seen.map(({ targets }) => targets?.length)).toEqual([2, 2, 4, 2]);
  });

  it('changes replayed inputs by fresh augmentation, with other draws in each step', async () => {
    const draws: number[] = [];
    const on = watched([
      memory({ samples: 2 }),
      er({
        augment: (inputs, random) => {
          draws.push(random.next());
          return mul(add(inputs as Tensor, 1), 100);
        },
      }),
    ]);
    for (let i = 0; i < 3; i++) await step(on, samples([0, 1]));
    expect(seen[1]?.inputs?.slice(4).every((value) => value >= 100)).toBe(true);
    expect(seen[1]?.inputs?.slice(0, 4)).toEqual([0, 0, 1, 1]);
    expect(draws[0]).not.toBe(draws[1]);
  });

  it('is refused without a memory', () => {
    expect(() => put(model, [er()])).toThrow(/PLUGIN_UNKNOWN.*memory/s);
  });
});

/** Ids and what counts of them. */
class Sums extends Module<[ids: Tensor, mask: Tensor]> {
  readonly head = new Linear(1, 4);

  override forward(ids: Tensor, mask: Tensor): Tensor {
    return this.head.call(sum(mul(cast(ids, 'float32'), mask), 1, true));
  }
}

describe('batches of token ids', () => {
  const tokens = (ids: number[][], mask: number[][]): Batch => ({
    inputs: [tensor2d(ids, undefined, 'int32'), tensor2d(mask)],
    targets: tensor1d([0, 1], 'int32'),
  });

  it('are filled up where they differ in length', async () => {
    const sums = new Sums();
    const inputs: number[][][] = [];
    const loss = (logits: unknown, batch: Batch) => {
      inputs.push((batch.inputs as Tensor[]).map((each) => numbers(each)));
      return crossEntropy(logits as Tensor, batch);
    };
    const on = attach<unknown>(sums, [memory({ samples: 2, padding: 0 }), er()], {
      loss,
      optimizer: sgd({ learningRate: 0 }),
    });
    await step(
      on,
      tokens(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        [
          [1, 1, 1],
          [1, 1, 0],
        ],
      ),
    );
    await step(
      on,
      tokens(
        [
          [7, 8],
          [9, 9],
        ],
        [
          [1, 1],
          [1, 1],
        ],
      ),
    );
    expect(inputs[1]?.[0]?.slice(0, 6)).toEqual([7, 8, 0, 9, 9, 0]);
    expect(inputs[1]?.[0]).toHaveLength(12);
    expect(inputs[1]?.[1]?.slice(0, 6)).toEqual([1, 1, 0, 1, 1, 0]);
    await step(
      on,
      tokens(
        [
          [7, 8, 9, 9],
          [9, 9, 9, 9],
        ],
        [
          [1, 1, 1, 1],
          [1, 1, 1, 1],
        ],
      ),
    );
    expect(inputs[2]?.[0]).toHaveLength(16);
    on.detach();
    sums.dispose();
  });
});
