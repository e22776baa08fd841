import {
  concat,
  pad,
  reverse,
  slice,
  split,
  stack,
  stridedSlice,
  type Tensor,
  tensor,
  tidy,
  tile,
  transpose,
  unstack,
} from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';
import { expectAsOnCpu, integers, run } from '../test-against-cpu.ts';

describe.each([[[2, 3, 4]], [[4, 4, 8]], [[3, 1, 5]], [[0, 2, 4]]])('integers of shape %j move to the bit', (shape) => {
  const size = shape.reduce((product, extent) => product * extent);
  const x = (): Tensor => tensor(integers(size), shape, 'int32');

  it.each<[string, () => Tensor | Tensor[]]>([
    ['transpose', () => transpose(x(), [2, 0, 1])],
    ['tile', () => tile(x(), [2, 1, 3])],
    ['slice', () => slice(x(), [0, 0, 1], [-1, 1, 3])],
    ['strided slice', () => stridedSlice(x(), [0, 0, 1], [4, 3, 4], [1, 1, 2])],
    ['reverse', () => reverse(x(), [0, 2])],
    ['split', () => split(x(), [1, shape[2]! - 1], 2)],
    [
      'pad',
      () =>
        pad(
          x(),
          [
            [1, 0],
            [0, 2],
            [4, 4],
          ],
          123456789,
        ),
    ],
    ['concat', () => concat([x(), x(), slice(x(), [0, 0, 0], [-1, -1, 1])], 2)],
    ['stack and unstack', () => unstack(stack([x(), x()], 1), 2)],
    ['broadcast', () => run('BroadcastTo', { x: x() }, { shape: [2, ...shape] })],
  ])('%s', async (name, f) => {
    if (name !== 'broadcast') return expectAsOnCpu(f);
    await useWebgpu();
    const wide = tidy(f) as Tensor;
    expect([...(await wide.data())]).toEqual([...integers(size), ...integers(size)]);
    wide.dispose();
  });
});

it('moves bools and NaN, and takes away the axes that a strided slice names', async () => {
  await expectAsOnCpu(() => transpose(tensor([1, 0, 0, 1, 1, 0], [1, 2, 3], 'bool'), [2, 0, 1]));
  await expectAsOnCpu(() => reverse(tensor([Number.NaN, Number.NEGATIVE_INFINITY, 2], [3])));
  await useWebgpu();
  const x = tensor(integers(24), [2, 3, 4], 'int32');
  const line = stridedSlice(x, [0, 1, 3], [2, 2, 0], [1, 1, -2], 0, 0, 0, 0, 2);
  expect(line.shape).toEqual([2, 2]);
  expect([...(await line.data())]).toEqual([7, 5, 19, 17].map((i) => integers(24)[i]));
  for (const each of [x, line]) each.dispose();
});
