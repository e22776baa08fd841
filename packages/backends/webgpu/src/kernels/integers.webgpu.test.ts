import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';
import { expectAsOnCpu, integers, run } from '../test-against-cpu.ts';

const x = (): tf.Tensor3D => tf.tensor3d(integers(24), [2, 3, 4], 'int32');
const small = (): tf.Tensor3D =>
  tf.tensor3d(
    integers(24).map((value) => value % 3),
    [2, 3, 4],
    'int32',
  );
const truths = (): tf.Tensor3D =>
  tf.tensor3d(
    [...integers(24)].map((value) => value & 1),
    [2, 3, 4],
    'bool',
  );

describe('integers beyond 2^24 stay what they are', () => {
  it.each<[string, () => tf.Tensor]>([
    ['neg', () => tf.neg(x())],
    ['addN', () => tf.addN([x(), x(), small()])],
    ['fill', () => tf.fill([3], 123456789, 'int32')],
    ['max', () => tf.max(x(), 1)],
    ['min', () => tf.min(x(), [0, 2], true)],
    ['sum', () => tf.sum(tf.floorDiv(x(), tf.scalar(7, 'int32')), 1)],
    ['prod', () => tf.prod(small(), 0)],
    ['cumsum', () => tf.cumsum(small(), 1)],
    ['where', () => tf.where(truths(), x(), tf.neg(x()))],
    ['gather', () => tf.gather(x(), tf.tensor1d([2, 0, 2, 1], 'int32'), 1)],
    ['gather in batches', () => tf.gather(x(), tf.tensor2d([2, 0, 1, 1], [2, 2], 'int32'), 1, 1)],
  ])('%s', (_, f) => expectAsOnCpu(f));
});

// tfjs's cpu backend rounds, repeats a row's first element, and gives floats, in this order.
describe('integers beyond 2^24, as they should be', () => {
  const rest = [...integers(24).slice(12)];
  it.each<[string, () => tf.Tensor, number[]]>([
    ['abs', () => tf.abs(x()), [...integers(24)].map(Math.abs)],
    [
      'where, row by row',
      () => run('Select', { condition: tf.tensor1d([0, 1], 'bool'), t: x(), e: small() }),
      [...integers(12)].map((value) => (value % 3) + 0).concat(rest),
    ],
    [
      'segment sum',
      () => tf.unsortedSegmentSum(x(), tf.tensor1d([2, 1], 'int32'), 3),
      [...new Array<number>(12).fill(0), ...rest, ...integers(12)],
    ],
  ])('%s', async (_, f, expected) => {
    await useWebgpu();
    const y = tf.tidy(f);
    expect(y.dtype).toBe('int32');
    expect([...(await y.data())]).toEqual(expected);
    y.dispose();
  });
});

describe('bools', () => {
  it.each<[string, () => tf.Tensor]>([
    ['all', () => tf.all(truths(), 1)],
    ['any', () => tf.any(truths(), [0, 2], true)],
    ['sum', () => tf.sum(truths(), 0)],
    ['mean', () => tf.mean(truths(), 2)],
    ['argMax', () => tf.argMax(small(), 0)],
  ])('%s', (_, f) => expectAsOnCpu(f));
});

describe('a cast changes what the buffer holds', () => {
  it.each<[string, () => tf.Tensor]>([
    ['int32 to float32', () => tf.cast(small(), 'float32')],
    ['bool to float32', () => tf.cast(truths(), 'float32')],
    ['bool to int32', () => tf.cast(truths(), 'int32')],
    ['int32 to bool', () => tf.cast(small(), 'bool')],
    ['float32 to int32', () => tf.cast(tf.tensor1d([0.5, -0.5, 1.9, -1.9, 7e8]), 'int32')],
    ['float32 to bool', () => tf.cast(tf.tensor1d([0.5, 0, -0.5, Number.NaN]), 'bool')],
  ])('%s', (_, f) => expectAsOnCpu(f));

  it('so that a shader that reads floats finds floats', async () => {
    await useWebgpu();
    const ones = tf.tidy(() => {
      const floats = tf.cast(tf.tensor1d([1, 0, 1], 'bool'), 'float32');
      run('tapgrad.AddInPlace', { a: floats, b: tf.ones([3]) });
      return floats;
    });
    expect([...(await ones.data())]).toEqual([2, 1, 2]);
    ones.dispose();
  });
});

it('reads in one go what the host still has, and says what to do where it has not', async () => {
  await useWebgpu();
  const ids = tf.tensor1d([0, 0, 2], 'int32');
  const data = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const segments = (by: tf.Tensor1D): tf.Tensor =>
    tf.sparse.sparseSegmentSum(data, tf.tensor1d([0, 1, 2], 'int32'), by);
  const sums = tf.tidy(() => segments(ids));
  expect([...(await sums.data())]).toEqual([4, 6, 0, 0, 5, 6]);
  const computed = tf.tidy(() => tf.add(ids, tf.scalar(0, 'int32')) as tf.Tensor1D);
  expect(() => tf.tidy(() => segments(computed))).toThrow(/WEBGPU_SYNC_READ.*await tensor\.data\(\)/s);
  await computed.data();
  const again = tf.tidy(() => segments(computed));
  expect([...(await again.data())]).toEqual([4, 6, 0, 0, 5, 6]);
  tf.dispose([ids, data, sums, computed, again]);
});
