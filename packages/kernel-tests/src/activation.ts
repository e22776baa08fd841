import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';
import { normalCdf64 } from './normal-cdf.ts';
import { runKernel } from './run-kernel.ts';
import { sample } from './sample.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const c = Math.sqrt(8 / Math.PI);

interface Reference {
  readonly name: string;
  readonly attrs: object;
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
}
const functions: Reference[] = [
  {
    name: 'Gelu',
    attrs: { approximate: 'none' },
    value: (x) => x * normalCdf64(x),
    slope: (x) => normalCdf64(x) + x * density(x),
  },
  {
    name: 'Gelu',
    attrs: { approximate: 'tanh' },
    value: (x) => x * sigmoid(c * (x + 0.044715 * x ** 3)),
    slope(x) {
      const s = sigmoid(c * (x + 0.044715 * x ** 3));
      return s + x * s * (1 - s) * c * (1 + 0.134145 * x * x);
    },
  },
  { name: 'Silu', attrs: {}, value: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) },
  {
    name: 'HardSwish',
    attrs: {},
    value: (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
    slope: (x) => (x >= 3 ? 1 : x <= -3 ? 0 : (2 * x + 3) / 6),
  },
];

/** Values and gradients of the activations, and gradients of ReLU from its output. */
export function testActivations(): void {
  describe.each(functions)('$name $attrs', ({ name, attrs, value, slope }) => {
    it.each([0, 1, 3, 4, 5, 17, 33, 1000])('%i elements equal float64, value and gradient', async (size) => {
      const [x, dy] = [sample([size], 'x', 2), sample([size], 'dy')];
      const [y] = runKernel(`tapgrad.${name}`, { x: x.tensor }, attrs);
      const [dx] = runKernel(`tapgrad.${name}Grad`, { dy: dy.tensor, x: x.tensor }, attrs);
      expectClose(await y!.data(), x.values.map(value), 1e-5, 1e-2);
      expectClose(
        await dx!.data(),
        x.values.map((v, i) => slope(v) * dy.values[i]!),
        1e-5,
        1e-1,
      );
      tf.dispose([x.tensor, dy.tensor, y!, dx!]);
    });

    it('is right to 1e-6 on a grid from -20 to 20, and finite far out, with its slope', async () => {
      const grid = Float32Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100);
      const x = tf.tensor1d(grid);
      const [y] = runKernel(`tapgrad.${name}`, { x }, attrs);
      const values = await y!.data();
      const worst = Math.max(...grid.map((v, i) => Math.abs(values[i]! - value(v)) / Math.max(1, Math.abs(v))));
      expect(worst).toBeLessThan(1e-6);
      const far = tf.tensor1d([-1e30, -1e4, -200, -90, 90, 200, 1e4, 1e30]);
      const [atFar] = runKernel(`tapgrad.${name}`, { x: far }, attrs);
      const ones = tf.onesLike(far);
      const [slopes] = runKernel(`tapgrad.${name}Grad`, { dy: ones, x: far }, attrs);
      expectClose((await atFar!.data()).slice(1, 7), [0, 0, 0, 90, 200, 1e4], 1e-6, 1);
      expectClose(await slopes!.data(), [0, 0, 0, 0, 1, 1, 1, 1], 1e-6, 1);
      tf.dispose([x, y!, far, atFar!, ones, slopes!]);
    });
  });

  describe.each([
    ['ReluGrad', Number.POSITIVE_INFINITY],
    ['Relu6Grad', 6],
  ] as const)('%s', (name, ceiling) => {
    it.each([0, 1, 3, 5, 32, 33])('lets %i gradients pass where the output lies between its bounds', async (size) => {
      const [dy, y] = [sample([size], 'dy'), sample([size], 'y', 8)];
      const [dx] = runKernel(`tapgrad.${name}`, { dy: dy.tensor, y: y.tensor });
      const expected = dy.values.map((gradient, i) => (y.values[i]! > 0 && y.values[i]! < ceiling ? gradient : 0));
      expect(Array.from(await dx!.data())).toEqual(Array.from(expected));
      tf.dispose([dy.tensor, y.tensor, dx!]);
    });
  });
}
