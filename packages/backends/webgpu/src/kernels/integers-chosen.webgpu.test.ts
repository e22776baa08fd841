import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';
import { expectAsOnCpu, integers, run } from '../test-against-cpu.ts';

// float32 holds 2^24 and 2^24 + 2, and none between; 2^31 - 1 would become 2^31.
const [above, least, most] = [16777217, -2147483648, 2147483647];
const edges = [above, above - 1, most, most - 1, least, most, least + 1, 0, -1];
const ints = (values: readonly number[], shape?: number[]): tf.Tensor => tf.tensor([...values], shape, 'int32');
const values = (...shape: number[]): tf.Tensor => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return ints(
    [...integers(size)].map((value, i) => edges[i] ?? value),
    shape,
  );
};
const both = ({ values, indices }: { values: tf.Tensor; indices: tf.Tensor }) => [values, indices];

describe('integers beyond 2^24 are read and written where indices say', () => {
  const places = (): tf.Tensor =>
    ints(
      [2, 0, 0, 1, 2, 3].map((x) => x % 3),
      [3, 2],
    );
  it.each<[string, () => tf.Tensor | tf.Tensor[]]>([
    ['gatherND', () => tf.gatherND(values(3, 3, 4), places())],
    ['gatherND of elements', () => tf.gatherND(values(9), ints([8, 0, 2, 3], [2, 2, 1]))],
    ['scatterND', () => tf.scatterND(ints([1, 3, 0], [3, 1]), ints([above, most, least]), [5])],
    ['tensorScatterUpdate', () => tf.tensorScatterUpdate(values(4, 6), ints([3, 1], [2, 1]), values(2, 6))],
    ['sparseToDense', () => tf.sparseToDense(ints([1, 3]), ints([above, most]), [5], tf.scalar(least + 1, 'int32'))],
    [
      'sparseToDense of one value',
      () => tf.sparseToDense(ints([1, 0, 3, 1], [2, 2]), ints([above], []), [5, 2], tf.scalar(most, 'int32')),
    ],
    ['diag', () => tf.diag(values(2, 3))],
    [
      'bincount',
      () => tf.bincount(ints([0, 1, 1, 3, 9]) as tf.Tensor1D, ints([above, 5, 7, most, 1]) as tf.Tensor1D, 5),
    ],
    [
      'denseBincount',
      () =>
        tf.denseBincount(
          ints([0, 1, 1, 9, 4, 0], [2, 3]) as tf.Tensor2D,
          ints([above, 5, 7, 1, most, 3], [2, 3]) as tf.Tensor2D,
          5,
        ),
    ],
    [
      'denseBincount of what is there',
      () => tf.denseBincount(ints([0, 1, 1, 9, 4, 0], [2, 3]) as tf.Tensor2D, [], 5, true),
    ],
    ['bincount without weights', () => tf.bincount(ints([0, 1, 1, 9, 4, 0]) as tf.Tensor1D, [], 5)],
    [
      'bincount with weights that are no integers',
      () => tf.bincount(ints([0, 1, 1, 9, 4, 0]) as tf.Tensor1D, [0.5, 2, 3, 4, 5, 6], 5),
    ],
  ])('%s', (_, f) => expectAsOnCpu(f));

  it('scatterND of more rows than can be compared with each other', () => {
    const n = 70000;
    const [places, updates] = [Int32Array.from({ length: n }, (_, i) => (3 * i) % (n - 1)), integers(n)];
    return expectAsOnCpu(() => tf.scatterND(tf.tensor(places, [n, 1], 'int32'), tf.tensor(updates, [n], 'int32'), [n]));
  });

  it('of several updates of a row the last one stays', () =>
    expectAsOnCpu(() =>
      tf.tensorScatterUpdate(values(300, 3), ints(new Array(500).fill(7), [500, 1]), values(500, 3)),
    ));
});

describe('integers beyond 2^24 are compared as integers', () => {
  const sorted = () => ints([least, above - 1, above, most, 1, 1, 1, 2], [2, 4]) as tf.Tensor2D;
  const sought = () => ints([above, above + 1, least, 1, 2, most], [2, 3]) as tf.Tensor2D;
  it.each<[string, () => tf.Tensor | tf.Tensor[]]>([
    ['topk', () => both(tf.topk(ints(edges), 5))],
    ['topk of rows', () => both(tf.topk(values(5, 700), 30))],
    ['topk of a whole row', () => both(tf.topk(ints(edges), edges.length))],
    ['argMax', () => tf.argMax(ints([above - 1, above, 5, most - 1, most, 4, least, least + 1, least], [3, 3]), 1)],
    ['argMax along the first axis', () => tf.argMax(values(5, 7), 0)],
    ['clip', () => tf.clipByValue(values(23), least + 1, above)],
    ['clip between fractions', () => tf.clipByValue(ints([-3, -2, 0, 1, 4, most]), -2.5, 3.7)],
    ['clip on one side', () => tf.clipByValue(values(23), Number.NEGATIVE_INFINITY, above)],
    ['lowerBound', () => tf.lowerBound(sorted(), sought())],
    ['upperBound', () => tf.upperBound(sorted(), sought())],
    ['relu', () => tf.relu(values(23))],
    ['relu6', () => tf.relu6(values(23))],
    ['round', () => tf.round(values(23))],
  ])('%s', (_, f) => expectAsOnCpu(f));

  it('argMin', async () => {
    // tfjs's cpu backend rounds.
    await useWebgpu();
    const x = ints([above, above - 1, above + 5, most, most - 1, most, least + 1, least, least], [3, 3]);
    const smallest = tf.argMin(x, 1);
    expect([...(await smallest.data())]).toEqual([1, 1, 1]);
    tf.dispose([x, smallest]);
  });

  it('oneHot', async () => {
    await useWebgpu();
    const indices = ints([2, 0, -1, 3], [2, 2]);
    const y = tf.oneHot(indices, 3, above, least);
    expect([y.shape, y.dtype]).toEqual([[2, 2, 3], 'int32']);
    const [on, off] = [above, least];
    expect([...(await y.data())]).toEqual([off, off, on, on, off, off, off, off, off, off, off, off]);
    tf.dispose([indices, y]);
  });
});

describe('the largest come in their order, among equals the first', () => {
  it.each<[string, () => tf.Tensor, number]>([
    ['floats of both signs', () => tf.tensor([-0, 0, -1.5, 3, -1.5, 3, 1e-40, Number.NEGATIVE_INFINITY]), 8],
    ['bools', () => tf.tensor([0, 1, 1, 0, 1], [5], 'bool'), 4],
    ['rows of one', () => tf.tensor([[3], [-2]]), 1],
    [
      'none',
      () =>
        tf.tensor([
          [3, 1],
          [-2, 0],
        ]),
      0,
    ],
  ])('%s', (_, x, k) => expectAsOnCpu(() => both(tf.topk(x(), k))));

  it('NaN is larger than any number', async () => {
    await useWebgpu();
    const x = tf.tensor([1, Number.NaN, Number.POSITIVE_INFINITY]);
    const { values, indices } = tf.topk(x, 2);
    expect([...(await indices.data())]).toEqual([1, 2]);
    tf.dispose([x, values, indices]);
  });
});

describe('integers beyond 2^24 change places in blocks', () => {
  it.each<[string, () => tf.Tensor]>([
    [
      'space to batch',
      () =>
        tf.spaceToBatchND(
          values(2, 4, 6, 3),
          [2, 3],
          [
            [0, 0],
            [0, 0],
          ],
        ),
    ],
    [
      'space to batch with padding',
      () =>
        tf.spaceToBatchND(
          values(2, 4, 4, 3),
          [2, 3],
          [
            [1, 1],
            [0, 2],
          ],
        ),
    ],
    [
      'batch to space',
      () =>
        tf.batchToSpaceND(
          values(4, 2, 2, 3),
          [2, 2],
          [
            [0, 1],
            [1, 0],
          ],
        ),
    ],
    [
      'reflection',
      () =>
        tf.mirrorPad(
          values(3, 5),
          [
            [1, 2],
            [3, 0],
          ],
          'reflect',
        ),
    ],
    [
      'reflection with the edge',
      () =>
        tf.mirrorPad(
          values(3, 5),
          [
            [3, 0],
            [1, 2],
          ],
          'symmetric',
        ),
    ],
    [
      'no reflection',
      () =>
        tf.mirrorPad(
          values(3, 5),
          [
            [0, 0],
            [0, 0],
          ],
          'reflect',
        ),
    ],
  ])('%s', (_, f) => expectAsOnCpu(f));

  it('of tensors of five axes', async () => {
    await expectAsOnCpu(() =>
      tf.pad(
        values(2, 2, 2, 2, 2),
        [
          [1, 1],
          [0, 1],
          [1, 0],
          [2, 1],
          [0, 1],
        ],
        above,
      ),
    );
    await expectAsOnCpu(() => {
      const x = tf.cast(tf.mod(values(2, 3, 3, 5, 2), tf.scalar(1000, 'int32')), 'float32');
      return run(
        'SpaceToBatchND',
        { x },
        {
          blockShape: [2, 2, 3],
          paddings: [
            [1, 0],
            [0, 1],
            [1, 0],
          ],
        },
      );
    });
  });
});
