import { runKernel, sizeOf } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

/** Values of the tensor of shape `shape` whose element at `index` is `pick(index)`. */
function build(shape: readonly number[], pick: (index: number[]) => number): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index = shape.map(() => 0);
    let rest = flat;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % shape[d]!;
      rest = Math.floor(rest / shape[d]!);
    }
    return pick(index);
  });
}

const flatten = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((flat, i, d) => flat * shape[d]! + i, 0);

const numbers = (shape: number[], dtype: 'float32' | 'int32' | 'bool' = 'float32'): tf.Tensor =>
  tf.tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => (dtype === 'bool' ? i % 3 === 0 : i)) as number[],
    shape,
    dtype,
  );

describe('Transpose', () => {
  it.each([
    { shape: [1, 1], perm: [1, 0] },
    { shape: [3, 5], perm: [1, 0] },
    { shape: [17, 33], perm: [1, 0] },
    { shape: [65, 64], perm: [1, 0] },
    { shape: [7, 5, 3], perm: [2, 1, 0] },
    { shape: [2, 5, 3, 7], perm: [0, 2, 1, 3] },
    { shape: [2, 3, 17, 5], perm: [0, 1, 3, 2] },
    { shape: [2, 5, 3, 7], perm: [0, 3, 1, 2] },
    { shape: [2, 4, 3, 3, 5], perm: [2, 0, 3, 1, 4] },
    { shape: [2, 3, 2, 3, 2, 3], perm: [5, 3, 1, 4, 2, 0] },
    { shape: [4, 1, 5], perm: [1, 2, 0] },
    { shape: [4, 1, 5], perm: [1, 0, 2] },
    { shape: [0, 3], perm: [1, 0] },
    { shape: [6], perm: [0] },
  ])('$shape by $perm', ({ shape, perm }) => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const x = numbers(shape, dtype);
      const y = tf.transpose(x, perm);
      const values = x.dataSync();
      expect(y.shape).toEqual(perm.map((axis) => shape[axis]));
      expect([...y.dataSync()]).toEqual(
        build(y.shape, (index) => {
          const from = shape.map(() => 0);
          perm.forEach((axis, d) => {
            from[axis] = index[d]!;
          });
          return values[flatten(from, shape)]!;
        }),
      );
      tf.dispose([x, y]);
    }
  });
});

describe('Tile and BroadcastTo', () => {
  it.each([
    { shape: [3], reps: [4] },
    { shape: [1, 5], reps: [3, 1] },
    { shape: [5, 1], reps: [1, 7] },
    { shape: [2, 3], reps: [2, 2] },
    { shape: [2, 1, 3], reps: [1, 4, 2] },
    { shape: [2, 3], reps: [0, 1] },
    { shape: [1], reps: [1] },
  ])('$shape times $reps', ({ shape, reps }) => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const x = numbers(shape, dtype);
      const y = tf.tile(x, reps);
      const values = x.dataSync();
      expect([...y.dataSync()]).toEqual(
        build(
          y.shape,
          (index) =>
            values[
              flatten(
                index.map((i, d) => i % shape[d]!),
                shape,
              )
            ]!,
        ),
      );
      if (dtype !== 'bool' && shape.every((size, d) => size === 1 || reps[d] === 1)) {
        const [broadcast] = runKernel('BroadcastTo', { x }, { shape: y.shape });
        expect(broadcast!.dataSync()).toEqual(y.dataSync());
        broadcast!.dispose();
      }
      tf.dispose([x, y]);
    }
  });
});

describe('GatherV2', () => {
  it.each([
    { shape: [7, 5], indices: [6, 0, 0, 3], axis: 0 },
    { shape: [2, 5, 3], indices: [4, 1], axis: 1 },
    { shape: [2, 5], indices: [4, 1, 1], axis: -1 },
  ])('rows $indices of $shape along axis $axis', ({ shape, indices, axis }) => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const x = numbers(shape, dtype);
      const ids = tf.tensor1d(indices, 'int32');
      const y = tf.gather(x, ids, axis);
      const values = x.dataSync();
      const at = (axis + shape.length) % shape.length;
      expect([...y.dataSync()]).toEqual(
        build(
          y.shape,
          (index) =>
            values[
              flatten(
                index.map((i, d) => (d === at ? indices[i]! : i)),
                shape,
              )
            ]!,
        ),
      );
      tf.dispose([x, ids, y]);
    }
  });

  it('takes batches of indices, and names an index that does not exist', () => {
    const x = numbers([2, 3, 2]);
    const ids = tf.tensor2d(
      [
        [2, 0],
        [1, 1],
      ],
      [2, 2],
      'int32',
    );
    const y = tf.gather(x, ids, 1, 1);
    expect([...y.dataSync()]).toEqual([4, 5, 0, 1, 8, 9, 8, 9]);
    const wrong = tf.tensor1d([0, 3], 'int32');
    expect(() => tf.gather(x, wrong, 1)).toThrow('the index value 3 is not in [0, 2]');
    tf.dispose([x, ids, y, wrong]);
  });
});

describe('Slice, SplitV and Concat', () => {
  it.each([
    { shape: [5], axis: 0, sizes: [2, 3] },
    { shape: [5, 7], axis: 0, sizes: [4, 1] },
    { shape: [5, 7], axis: 1, sizes: [1, 1, 5] },
    { shape: [2, 6, 3], axis: 1, sizes: [2, 0, 4] },
    { shape: [3, 4, 33], axis: 2, sizes: [17, 16] },
    { shape: [4, 2, 1], axis: 2, sizes: [1] },
    { shape: [0, 4], axis: 1, sizes: [1, 3] },
  ])('$shape along axis $axis in $sizes, and back', ({ shape, axis, sizes }) => {
    for (const dtype of ['float32', 'int32', 'bool'] as const) {
      const x = numbers(shape, dtype);
      const values = x.dataSync();
      const parts = tf.split(x, sizes, axis);
      let first = 0;
      for (const part of parts) {
        const start = first;
        const at = (index: number[]): number =>
          values[
            flatten(
              index.map((i, d) => (d === axis ? i + start : i)),
              shape,
            )
          ]!;
        expect([...part.dataSync()]).toEqual(build(part.shape, at));
        const begin = shape.map((_, d) => (d === axis ? start : 0));
        const slice = tf.slice(x, begin, part.shape);
        expect(slice.dataSync()).toEqual(part.dataSync());
        slice.dispose();
        first += part.shape[axis]!;
      }
      const whole = tf.concat(parts, axis);
      expect([whole.shape, whole.dtype, ...whole.dataSync()]).toEqual([shape, dtype, ...values]);
      tf.dispose([x, parts, whole]);
    }
  });

  it('a slice takes negative sizes for the rest, and must lie inside', () => {
    const x = numbers([4, 5]);
    const rest = tf.slice(x, [2, 3], [-1, -1]);
    expect([...rest.dataSync()]).toEqual([13, 14, 18, 19]);
    expect(() => tf.slice(x, [2, 3], [3, 1])).toThrow('slice');
    tf.dispose([x, rest]);
  });
});
