import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { dropout, gelu, hardSwish, layerNorm, linear, randomStream, record, rmsNorm, silu } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

/** Odd sizes: kernels that work on several numbers at a time have a rest to do. */
const [rows, width] = [7, 13];

interface Case {
  readonly name: string;
  /** Puts an op whose output can be derived between two linear layers. */
  readonly op: (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) => tf.Tensor;
}

const cases: readonly Case[] = [
  { name: 'gelu', op: (x) => gelu(x) },
  { name: 'gelu, tanh approximation', op: (x) => gelu(x, { approximate: 'tanh' }) },
  { name: 'silu', op: (x) => silu(x) },
  { name: 'hardSwish', op: (x) => hardSwish(x) },
  { name: 'layerNorm', op: (x, weight, bias) => layerNorm(x, weight, bias) },
  { name: 'layerNorm without weight and bias', op: (x) => layerNorm(x) },
  { name: 'rmsNorm', op: (x, weight) => rmsNorm(x, weight) },
  { name: 'dropout of gelu', op: (x) => dropout(gelu(x), 0.3, randomStream(1, 'mask')) },
  { name: 'silu of layerNorm', op: (x, weight, bias) => silu(layerNorm(x, weight, bias)) },
  { name: 'gelu, scaled and shifted', op: (x, weight, bias) => tf.add(tf.mul(gelu(x), weight), bias) },
];

/** On the current backend: less is saved, and the gradients have the same bits. */
export function derivedSlots(): void {
  it.each(cases.map((each) => [each.name, each] as const))(
    'the output of %s is recomputed bit for bit',
    (_, { op }) => {
      const variables = tf.tidy(() => ({
        first: tf.variable(normal([width, width], 'first')),
        second: tf.variable(normal([width, width], 'second')),
        weight: tf.variable(normal([width], 'weight')),
        bias: tf.variable(normal([width], 'bias')),
      }));
      const [x, dy] = [normal([rows, width], 'x'), normal([rows, width], 'dy')];
      const { first, second, weight, bias } = variables;
      const run = (derived: boolean) => {
        const { value, tape } = record(() => linear(op(linear(x, first), weight, bias), second), {
          parameters: variables,
          derivedSlots: derived,
        });
        const { savedBytes } = tape;
        tape.backward(value, { gradient: dy });
        const gradients = [...tape.gradients].map(([name, gradient]) => [name, valuesOf(gradient)]);
        tape.dispose();
        value.dispose();
        return { savedBytes, gradients };
      };
      const [on, off] = [run(true), run(false)];
      expect(on.gradients).toEqual(off.gradients);
      expect(on.savedBytes).toBeLessThan(off.savedBytes);
      tf.dispose([Object.values(variables), x, dy]);
    },
  );
}
