import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { useWebgpu } from './index.ts';

beforeAll(() => useWebgpu());

async function valuesOf(f: () => tf.Tensor): Promise<number[]> {
  const result = tf.tidy(f);
  const values = await result.data();
  result.dispose();
  return [...values];
}

/** Calls `f` with every index of a shape, in the order of memory. */
function everyIndex(shape: readonly number[], f: (index: number[]) => number): number[] {
  return Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, at) =>
    f(tf.util.indexToLoc(at, shape.length, tf.util.computeStrides([...shape]))),
  );
}

const at = (shape: readonly number[], index: readonly number[]) =>
  index.reduce((sum, position, axis) => sum * shape[axis]! + position, 0);

// Uniforms of one to six numbers, each aligned in its own way.
it.each([
  { shape: [3, 4], permutation: [1, 0] },
  { shape: [2, 3, 5], permutation: [2, 0, 1] },
  { shape: [2, 3, 2, 3], permutation: [3, 1, 0, 2] },
  { shape: [2, 3, 2, 1, 3], permutation: [4, 0, 3, 1, 2] },
  { shape: [2, 1, 3, 2, 2, 3], permutation: [5, 0, 4, 1, 3, 2] },
])('transposes $shape by $permutation', async ({ shape, permutation }) => {
  const size = tf.util.sizeFromShape(shape);
  const expected = everyIndex(
    permutation.map((axis) => shape[axis]!),
    (index) =>
      at(
        shape,
        permutation.map((_, axis) => index[permutation.indexOf(axis)]!),
      ),
  );
  expect(await valuesOf(() => tf.transpose(tf.reshape(tf.range(0, size), shape), permutation))).toEqual(expected);
});

it.each([1, 2, 3, 4, 5])('slices and pads a tensor of %i axes', async (rank) => {
  const shape = [5, 2, 3, 4, 2].slice(0, rank);
  const size = tf.util.sizeFromShape(shape);
  const sliced = () =>
    tf.slice(tf.reshape(tf.range(1, size + 1), shape), [1, ...shape.slice(1).map(() => 0)], [3, ...shape.slice(1)]);
  const inner = size / 5;
  const middle = Array.from({ length: 3 * inner }, (_, i) => 1 + inner + i);
  expect(await valuesOf(sliced)).toEqual(middle);
  // tfjs's shader for more axes does not compile.
  if (rank > 4) return;
  const padded = await valuesOf(() =>
    tf.pad(sliced(), [[1, 1] as [number, number], ...shape.slice(1).map(() => [0, 0] as [number, number])], -1),
  );
  expect(padded).toEqual([...Array(inner).fill(-1), ...middle, ...Array(inner).fill(-1)]);
});

it('one program serves shapes that broadcast alike, another those that do not', async () => {
  for (const [a, b] of [
    [[3, 4], [4]],
    [[2, 4], [4]],
    [
      [3, 4],
      [3, 1],
    ],
    [
      [3, 4],
      [3, 4],
    ],
    [
      [3, 1],
      [1, 4],
    ],
  ] as const) {
    const out = tf.backend_util.assertAndGetBroadcastShape([...a], [...b]);
    const value = (shape: readonly number[], index: readonly number[]) =>
      at(
        shape,
        index.slice(-shape.length).map((position, axis) => (shape[axis] === 1 ? 0 : position)),
      );
    const sum = () =>
      tf.add(
        tf.reshape(tf.range(0, tf.util.sizeFromShape([...a])), [...a]),
        tf.reshape(tf.range(0, tf.util.sizeFromShape([...b])), [...b]),
      );
    expect(await valuesOf(sum)).toEqual(everyIndex(out, (index) => value(a, index) + value(b, index)));
  }
});

it('a program on bool is another than on float32', async () => {
  const numbers = () => tf.tensor1d([1, -2, 3, -4, 5]);
  expect(await valuesOf(() => tf.cast(tf.greater(numbers(), tf.zeros([5])), 'float32'))).toEqual([1, 0, 1, 0, 1]);
  expect(await valuesOf(() => tf.where(tf.greater(numbers(), tf.zeros([5])), numbers(), tf.neg(numbers())))).toEqual([
    1, 2, 3, 4, 5,
  ]);
});

it('a synchronous forward of more dispatches than a batch has gives the values of each', async () => {
  const last = await valuesOf(() => {
    let x: tf.Tensor = tf.tensor1d([0, 1, 2]);
    for (let count = 0; count < 600; count++) x = tf.add(x, tf.scalar(count % 2 ? -1 : 2));
    return x;
  });
  expect(last).toEqual([300, 301, 302]);
});

it('values that are written to a reused buffer do not reach commands that were encoded before', async () => {
  const sums = tf.tidy(() => {
    const results: tf.Tensor[] = [];
    for (let count = 0; count < 40; count++) {
      const fresh = tf.tensor1d([count, count]);
      results.push(tf.add(fresh, 1));
      fresh.dispose();
    }
    return tf.concat(results.map((sum) => tf.slice(sum, 0, 1)));
  });
  expect([...(await sums.data())]).toEqual(Array.from({ length: 40 }, (_, count) => count + 1));
  sums.dispose();
});

it('kernels are measured one by one where tfjs asks for it', async () => {
  const x = tf.ones([64, 64]);
  const { kernelMs } = await tf.time(() => tf.matMul(x, x).dispose());
  expect(kernelMs).toBeGreaterThan(0);
  x.dispose();
});

it('what was asked for before is not measured', async () => {
  const [x, one] = [tf.ones([512, 512]), tf.scalar(1)];
  const product = tf.time(() => tf.matMul(x, x).dispose());
  const before = (await product).kernelMs;
  for (let count = 0; count < 4; count++) tf.matMul(x, x).dispose();
  const { kernelMs } = await tf.time(() => tf.add(one, one).dispose());
  expect(kernelMs).toBeLessThan(before as number);
  tf.dispose([x, one]);
});

it('a read that a write in place overtakes is not kept', async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const reading = x.data();
  const ones = tf.ones([3]);
  tf.dispose(tf.engine().runKernel('tapgrad.AddInPlace', { a: x, b: ones }));
  expect([...(await reading)]).toEqual([1, 2, 3]);
  expect([...(await x.data())]).toEqual([2, 3, 4]);
  tf.dispose([x, ones]);
});
