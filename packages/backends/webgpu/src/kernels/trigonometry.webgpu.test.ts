import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

const grid = (least: number, most: number): Float32Array =>
  Float32Array.from({ length: 4001 }, (_, i) => least + ((most - least) * i) / 4000);

it.each<[string, (x: tf.Tensor) => tf.Tensor, (x: number) => number, Float32Array, number]>([
  ['sin', tf.sin, Math.sin, grid(-100, 100), 4e-7],
  ['cos', tf.cos, Math.cos, grid(-100, 100), 4e-7],
  ['sin far out', tf.sin, Math.sin, grid(-3000, 3000), 4e-6],
  ['asin', tf.asin, Math.asin, grid(-1, 1), 4e-7],
  ['acos', tf.acos, Math.acos, grid(-1, 1), 6e-7],
])('%s is that of float64 but for rounding', async (_, f, reference, values, tolerance) => {
  const x = tf.tensor1d(values);
  const y = f(x);
  const actual = await y.data();
  expect(Math.max(...values.map((value, i) => Math.abs(actual[i]! - reference(value))))).toBeLessThan(tolerance);
  tf.dispose([x, y]);
});

it('there is no arc of what is no sine', async () => {
  const x = tf.tensor1d([1.5, -2, Number.NaN]);
  const y = tf.acos(x);
  expect([...(await y.data())]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  tf.dispose([x, y]);
});
