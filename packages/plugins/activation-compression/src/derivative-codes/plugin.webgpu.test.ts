import { useWebgpu } from '@tapgrad/backend-webgpu';
import { attach, gelu, hardSwish, type Module, randomStream, record, silu } from '@tapgrad/core';
import { type ActivationName, FeedForward, GELU, HardSwish, Sequential, SiLU } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { derivativeCodes, signMasks } from '../index.ts';
import { unpackDerivative } from '../kernels/derivative.ts';
import { derivativeStage } from './stage.ts';
import { derivativeTable } from './tables.ts';

beforeAll(() => useWebgpu());

const activations = {
  'tapgrad.Gelu': gelu,
  'tapgrad.Silu': silu,
  'tapgrad.HardSwish': hardSwish,
} as const;
const names = Object.keys(activations) as (keyof typeof activations)[];

/** Names of the kernels that ran. */
async function kernelsOf(f: () => Promise<unknown>): Promise<string[]> {
  const ran = vi.spyOn(tf.engine(), 'runKernel');
  try {
    await f();
    return ran.mock.calls.map(([name]) => name);
  } finally {
    ran.mockRestore();
  }
}

describe.each(names)('%s with the codes of its derivative in one pass', (kernel) => {
  it.each([1, 2, 3, 4])('in %i bits has the bits of both by themselves', async (bits) => {
    const table = derivativeTable(kernel, {}, bits)!;
    for (const shape of [[1], [7], [33], [5, 12], [3, 11, 8], [0, 4]]) {
      const size = tf.util.sizeFromShape(shape);
      const values = [...table.borders.map(Math.fround), ...randomStream(3, kernel, size).normal(size, 0, 3)];
      const x = tf.tensor(values.slice(0, size), shape);
      const stage = derivativeStage(table, { kernel, attrs: {}, shape });
      const both = stage.packWithOutput!(x)!;
      const [y, packed] = [activations[kernel](x), stage.pack(x)];
      expect(both.output.shape).toEqual(shape);
      expect(await both.output.data()).toEqual(await y.data());
      expect(await both.packed.data()).toEqual(await packed.data());
      const decoded = unpackDerivative(both.packed, table, shape);
      expect(decoded.shape).toEqual(shape);
      tf.dispose([x, both.output, both.packed, y, packed, decoded]);
    }
  });

  it('is what the op runs, with the gradient of the codes', async () => {
    const table = derivativeTable(kernel, {}, 4)!;
    const x = tf.tidy(() => tf.variable(tf.tensor(randomStream(4, kernel).normal(60, 0, 2), [5, 12])));
    const stage = derivativeStage(table, { kernel, attrs: {}, shape: x.shape });
    let gradient: tf.Tensor | undefined;
    const kernels = await kernelsOf(async () => {
      const { tape, value } = record(() => tf.tidy(() => tf.sum(activations[kernel](tf.neg(x)))), {
        parameters: { x },
        derivedSlots: false,
        plan: (slot, { role }) => (role === 'derivative' ? slot.through(stage) : slot),
      });
      tape.backward(value);
      gradient = tape.takeGradients().get('x');
      tape.dispose();
      value.dispose();
    });
    expect(kernels).toContain('tapgrad.ActivationCodes');
    expect(kernels).not.toContain(kernel);
    expect(kernels).not.toContain('tapgrad.PackDerivative');
    const negated = tf.neg(x);
    const words = stage.pack(negated);
    const decoded = unpackDerivative(words, table, x.shape);
    const expected = tf.neg(decoded);
    expect(await gradient!.data()).toEqual(await expected.data());
    tf.dispose([x, negated, words, decoded, expected, gradient!]);
  });
});

const random = () => randomStream(5, 'block');
const block = (activation: ActivationName, hidden: number) =>
  new FeedForward({ width: 8, hidden, activation, random: random() });
const models: readonly (readonly [string, () => Module<never, unknown>])[] = [
  ['feed-forward block', () => block('gelu', 12)],
  ['GELU', () => new Sequential(block('relu', 4), new GELU())],
  ['SiLU', () => new Sequential(block('relu', 4), new SiLU())],
  ['hard swish', () => new Sequential(block('relu', 4), new HardSwish())],
];

describe('a step with the plugin', () => {
  it.each(models)('on a %s writes codes in the pass of the activation', async (_, make) => {
    const model = make();
    const inputs = tf.tensor(randomStream(6, 'x').normal(40), [5, 8]);
    const losses: number[] = [];
    for (const plugins of [[], [derivativeCodes({ bits: 4 })]]) {
      const stack = attach(model, plugins, {
        loss: (outputs) => tf.mean(tf.square(outputs as tf.Tensor)),
        optimizer: sgd({ learningRate: 0 }),
      });
      const kernels = await kernelsOf(async () => losses.push(await (await stack.step({ inputs })).loss));
      expect(kernels.includes('tapgrad.ActivationCodes')).toBe(plugins.length > 0);
      // ReLU's mask is made of its output.
      const alone = kernels.filter((name) => name === 'tapgrad.PackDerivative').length;
      expect(alone).toBe(plugins.length > 0 && model instanceof Sequential ? 1 : 0);
      stack.detach();
    }
    expect(losses[1]).toBe(losses[0]);
    model.dispose();
    inputs.dispose();
  });

  it('of masks writes those of hard swish so, too', async () => {
    const model = block('hard-swish', 12);
    const inputs = tf.tensor(randomStream(6, 'x').normal(40), [5, 8]);
    const stack = attach(model, [signMasks()], {
      loss: (outputs) => tf.mean(tf.square(outputs as tf.Tensor)),
      optimizer: sgd({ learningRate: 0 }),
    });
    const kernels = await kernelsOf(async () => await (await stack.step({ inputs })).loss);
    expect(kernels).toContain('tapgrad.ActivationCodes');
    expect(kernels).not.toContain('tapgrad.PackDerivative');
    stack.detach();
    model.dispose();
    inputs.dispose();
  });
});
