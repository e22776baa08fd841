import { attach, type Batch, disposeBatch, Module, type Plugin, type Stack } from '@tapgrad/core';
import { crossEntropy, Linear } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { classifier, numbers, put, samples, step } from '../base/test-support.ts';
import { derpp } from '../derpp/index.ts';
import { memory } from '../memory/index.ts';
import { der } from './index.ts';

const methods = {
  der: (forward: 'apart' | 'joint') => der({ alpha: 2, forward }),
  derpp: (forward: 'apart' | 'joint') => derpp({ alpha: 2, beta: 0.5, forward }),
  'derpp, one draw': (forward: 'apart' | 'joint') =>
    derpp({ alpha: 2, beta: 0.5, forward, variant: 'reference-code', batchSize: 3 }),
};

/** Terms of each step, and the weights behind the last. */
async function trained(plugins: readonly Plugin[]): Promise<number[]> {
  const model = classifier();
  const stack = put(model, plugins);
  const values: number[] = [];
  for (let i = 0; i < 4; i++) {
    const given = samples([0, 1, 2, 3], i);
    const { terms } = await stack.step(given);
    values.push(...Object.values(await terms));
    disposeBatch(given);
  }
  values.push(...[...model.state().values()].flatMap(numbers));
  stack.detach();
  model.dispose();
  return values;
}

it.each(Object.entries(methods))(
  'of a network without norms %s trains the same in one forward as apart',
  async (_, of) => {
    const [joint, apart] = [
      await trained([memory({ samples: 6 }), of('joint')]),
      await trained([memory({ samples: 6 }), of('apart')]),
    ];
    expect(joint).toHaveLength(apart.length);
    for (const [i, value] of joint.entries()) expect(value).toBeCloseTo(apart[i] as number, 12);
  },
);

/** Says how many rows each forward has. */
class Counting extends Module<[features: Tensor]> {
  readonly head = new Linear(2, 4);
  readonly rows: number[] = [];

  override forward(features: Tensor): Tensor {
    this.rows.push(features.shape[0] as number);
    return this.head.call(features);
  }
}

it('one forward has the rows of both; the loss sees those of the batch, and so does evaluation', async () => {
  const model = new Counting();
  const seen: number[] = [];
  const loss = (logits: unknown, batch: Batch) => {
    seen.push((logits as Tensor).shape[0] as number);
    return crossEntropy(logits as Tensor, batch);
  };
  const stack: Stack = attach<unknown>(model, [memory({ samples: 6 }), derpp({ forward: 'joint' })], {
    loss,
    optimizer: sgd({ learningRate: 0.1 }),
  });
  await step(stack, samples([0, 1, 2]));
  await step(stack, samples([0, 1]), samples([2, 3, 0, 1]));
  const judged = samples([0, 1, 2, 3, 0]);
  await stack.evaluate([judged]);
  disposeBatch(judged);
  expect(model.rows).toEqual([3, 2 + 2 + 2, 4 + 3 + 3, 5]);
  // Of derpp the labels of the second draw are a loss of their own.
  expect(seen).toEqual([3, 2, 2, 4, 3, 5]);
  stack.detach();
  model.dispose();
});
