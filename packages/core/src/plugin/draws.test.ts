import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  attach,
  type Batch,
  currentRandom,
  definePlugin,
  disposeBatch,
  Module,
  manualSeed,
  type PluginContext,
  randomContext,
  type SlotStage,
  type Stack,
  withRandom,
} from '../index.ts';
import { Mlp, meanSquaredError, plainSgd } from './test-model.ts';

let batch: Batch;

beforeEach(() => {
  batch = { inputs: tf.tensor2d([1, 2, 3, -1, 0.5, 0.2], [2, 3]), targets: tf.tensor2d([0, 1, 1, 0], [2, 2]) };
});

afterEach(() => {
  disposeBatch(batch);
  manualSeed(0);
});

type Use = (stack: Stack, context: PluginContext<unknown>) => unknown;

class Hidden extends Module {
  constructor(private readonly drawn: number[]) {
    super();
  }

  forward(x: tf.Tensor): tf.Tensor {
    this.drawn.push(currentRandom('hidden').bits());
    return x;
  }
}

/** What the forwards draw, in evaluation mode or not, of a new stack. */
async function drawsOf(use: Use, atLoss?: Use): Promise<number[]> {
  const drawn: number[] = [];
  const model = new Mlp();
  let context: PluginContext<unknown> | undefined;
  const drawing = definePlugin({
    name: 'drawing',
    apply(given) {
      context = given as PluginContext<unknown>;
      const hidden = given.addModule('hidden', new Hidden(drawn));
      given.hooks.tap('layers.0:output').forward((x) => hidden.call(x));
      given.hooks.loss.tap((terms) => {
        atLoss?.(stack, context as PluginContext<unknown>);
        return terms;
      });
    },
  });
  const stack: Stack = attach(model, [drawing()], { loss: meanSquaredError, optimizer: plainSgd(), seed: 7 });
  await use(stack, context as unknown as PluginContext<unknown>);
  stack.detach();
  model.dispose();
  return drawn;
}

const step: Use = (stack) => stack.step(batch);
const gradientsOf: Use = (stack) => stack.gradientsOf(batch).dispose();
const predict = (by: { predict(...inputs: unknown[]): unknown }) => tf.dispose(by.predict(batch.inputs) as tf.Tensor);
const inputs = () => batch.inputs as tf.Tensor;

const snapshotOfStack: Use = (_, { snapshotStack }) => {
  const snapshot = snapshotStack({ training: true });
  predict(snapshot);
  snapshot.dispose();
};

const uses: [string, number, Use][] = [
  ['a step', 1, step],
  ['gradientsOf', 1, gradientsOf],
  ['predict', 1, predict],
  ['evaluate', 2, (stack) => stack.evaluate([batch, batch])],
  ['gradients of each sample', 2, (_, { perSampleGradients }) => perSampleGradients(batch, {}, () => {})],
  [
    'gradients of the task',
    1,
    (_, { taskGradients }) => {
      const { terms, gradients } = taskGradients(batch);
      tf.dispose([...Object.values(terms), ...gradients.values()]);
    },
  ],
  ['a snapshot of the stack', 1, snapshotOfStack],
  [
    'a snapshot of a module',
    1,
    (stack, { snapshot }) => {
      const hidden = stack.modules().find((each) => each instanceof Hidden) as Hidden;
      snapshot(hidden).call(inputs());
    },
  ],
  ['a shadow forward', 1, (stack, { shadow }) => tf.dispose(shadow(() => stack.model.call(inputs() as never)))],
];

describe('what a stack draws', () => {
  it.each(uses)('in %s is of its seed and step, whatever the process drew before', async (_, count, use) => {
    manualSeed(1);
    const drawn = await drawsOf(use);
    expect(drawn).toHaveLength(count);
    expect(new Set(drawn).size).toBe(count);
    manualSeed(2);
    currentRandom('hidden');
    expect(await drawsOf(use)).toEqual(drawn);
  });

  it('for the gradients of a batch is what the next step draws', async () => {
    const [alone, trained] = await drawsOf(async (...of) => {
      await step(...of);
      // The first step's draw is not compared.
      await gradientsOf(...of);
      await step(...of);
    }).then(([, ...rest]) => rest);
    expect(alone).toBe(trained);
    expect(await drawsOf(gradientsOf)).not.toEqual([alone]);
  });

  it('of a context that the caller put up goes on in that', async () => {
    const within = (seed: number) => drawsOf((...of) => withRandom(randomContext(seed), () => gradientsOf(...of)));
    expect(await within(3)).toEqual(await within(3));
    expect(await within(3)).not.toEqual(await within(4));
    expect(await within(3)).not.toEqual(await drawsOf(gradientsOf));
  });

  it('in backward is of its seed and step too, also behind a wait', async () => {
    const late: SlotStage = {
      asynchronous: true,
      pack: (value) => tf.clone(value),
      unpack: async (value) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return tf.clone(value as tf.Tensor);
      },
    };
    const drawsIn = async (waiting: boolean) => {
      const drawn: number[] = [];
      const model = new Mlp();
      const backwards = definePlugin({
        name: 'backwards',
        apply({ hooks }) {
          if (waiting) hooks.save.tap((plan) => plan.through(late));
          hooks.loss.keepApart('task');
          hooks.loss.tap((terms) => ({ ...terms, other: tf.mul(terms.task as tf.Tensor, 2) }));
          for (const point of ['layers.0:output', 'layers.1:output', 'layers.0:weight'])
            hooks.tap(point).backward(() => void drawn.push(currentRandom('backward').bits()));
        },
      });
      const stack = attach(model, [backwards()], { loss: meanSquaredError, optimizer: plainSgd() });
      await stack.step(batch);
      stack.detach();
      model.dispose();
      return drawn;
    };
    manualSeed(1);
    const drawn = await drawsIn(false);
    expect(new Set(drawn).size).toBe(6);
    manualSeed(2);
    expect(await drawsIn(false)).toEqual(drawn);
    expect(await drawsIn(true)).toEqual(drawn);
  });

  it('in the midst of a step goes on from there', async () => {
    const [first, second] = await drawsOf(step, snapshotOfStack);
    expect(await drawsOf(step)).toEqual([first]);
    expect(second).not.toBe(first);
  });
});
