import { pow, type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';
import { expectAsOnCpu, integers, run } from '../test-against-cpu.ts';

const onIntegers = [
  'Add',
  'Sub',
  'Maximum',
  'FloorDiv',
  'Mod',
  'Equal',
  'Less',
  'GreaterEqual',
  'NotEqual',
  'BitwiseAnd',
];

describe.each(onIntegers)('%s of integers is exact', (kernel) => {
  it.each([
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    [[2, 3, 4], [4]],
    [
      [2, 3, 5],
      [2, 1, 1],
    ],
    [[1], [3, 2]],
    [
      [2, 1, 3],
      [1, 2, 1],
    ],
  ])('%j and %j', async (left, right) => {
    const of = (shape: number[], values: Int32Array): Tensor => tensor(values, shape, 'int32');
    const size = (shape: number[]): number => shape.reduce((product, extent) => product * extent);
    // Divisors are not 0, and both signs occur.
    const some = integers(size(right), 7).map((value) => value | 1);
    await expectAsOnCpu(() => run(kernel, { a: of(left, integers(size(left))), b: of(right, some) }));
  });
});

it('multiplies and raises integers as far as they go', async () => {
  const [a, b] = [tensor1d([46340, -3, 65536, 12345], 'int32'), tensor1d([46340, 700000000, 32767, -6789], 'int32')];
  await expectAsOnCpu(() => run('Multiply', { a, b }));
  await expectAsOnCpu(() =>
    pow(tensor1d([2, 3, -3, -1, 0, 1, 46340], 'int32'), tensor1d([30, 19, 3, 5, 4, 0, 2], 'int32')),
  );
  for (const each of [a, b]) each.dispose();
});

describe('floats that are no ordinary numbers', () => {
  const [nan, far] = [Number.NaN, Number.POSITIVE_INFINITY];
  const a = [nan, 1, nan, -2, 0, far, -far, 2.5];
  const b = [1, nan, nan, 3, 2, 2, 2, 0.5];
  const kernels = ['Add', 'Maximum', 'Minimum', 'Pow', 'Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater'];
  it.each(kernels)('%s of them is as on cpu, one by one and in fours', async (kernel) => {
    for (const from of [0, 1]) {
      await expectAsOnCpu(() => run(kernel, { a: tensor1d(a.slice(from)), b: tensor1d(b.slice(from)) }));
    }
  });
});

it('rounds a quotient down to the whole number below, and gives remainders the sign of the divisor', async () => {
  const [a, b] = [tensor1d([7, -7, 7, -7, 6, 0.3]), tensor1d([2, 2, -2, -2, 3, 0.1])];
  await useWebgpu();
  const [quotient, rest] = [run('FloorDiv', { a, b }), run('Mod', { a, b })];
  expect([...(await quotient.data())]).toEqual([3, -4, -4, 3, 2, 3]);
  expect([...(await rest.data())].slice(0, 5)).toEqual([1, 1, -1, -1, 0]);
  for (const each of [a, b, quotient, rest]) each.dispose();
});

it('takes five axes and more', async () => {
  const shape = [2, 1, 2, 1, 2, 3];
  const values = Float32Array.from({ length: 24 }, (_, i) => i);
  await expectAsOnCpu(() => run('Add', { a: tensor(values, shape), b: tensor([1, 2, 3]) }));
  await expectAsOnCpu(() => run('Multiply', { a: tensor(values, shape), b: tensor([1, 2, 3, 4], [2, 1, 2, 1, 1]) }));
});
