import type { Batch } from '@tapgrad/core';
import { dispose, scalar, type Tensor, tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { numbers } from '../base/test-support.ts';
import { joinBatches, tensorsBeside } from './join-batches.ts';
import { batchFrom, leavesOf } from './leaves.ts';

const made: unknown[] = [];

afterEach(() => dispose(made.splice(0) as never));

function kept(batch: Record<string, unknown>): Batch {
  made.push(batch);
  return batch as unknown as Batch;
}

describe('batches joined', () => {
  it('have the rows of both, in lists and records', () => {
    const one = kept({ inputs: [tensor2d([[1]]), tensor2d([[2]])], targets: { a: { b: tensor1d([3]) } } });
    const other = kept({
      inputs: [tensor2d([[4], [5]]), tensor2d([[6], [7]])],
      targets: { a: { b: tensor1d([8, 9]) } },
    });
    const joined = joinBatches(one, other, -1);
    made.push(...tensorsBeside(joined, one));
    expect([...leavesOf(joined)].map(([path, each]) => [path, numbers(each)])).toEqual([
      ['inputs/#0', [1, 4, 5]],
      ['inputs/#1', [2, 6, 7]],
      ['targets/a/b', [3, 8, 9]],
    ]);
  });

  it('have the side data that both have, and what is of no sample', () => {
    const rate = scalar(3);
    const side = { mine: tensor1d([1, 2]), both: tensor1d([1, 2]), rate, name: 'a', unaugmented: tensor2d([[7], [8]]) };
    const one = kept({ inputs: tensor2d([[1], [2]]), ...side });
    const other = kept({ inputs: tensor2d([[3]]), both: tensor1d([5]), theirs: tensor1d([6]) });
    const joined = joinBatches(one, other, -1);
    made.push(...tensorsBeside(joined, one));
    expect(Object.keys(joined).sort()).toEqual(['both', 'inputs', 'name', 'rate']);
    expect(numbers(joined.both)).toEqual([1, 2, 5]);
    expect(joined.rate).toBe(rate);
  });

  it('are refused where one has no such inputs, or other axes', () => {
    const one = kept({ inputs: [tensor2d([[1]]), tensor2d([[1]])] });
    const fewer = kept({ inputs: [tensor2d([[1]])] });
    expect(() => joinBatches(one, fewer, -1)).toThrow(/REPLAY_INPUTS.*inputs\/#1/s);
    const deeper = kept({ inputs: [tensor3d([[[1]]]), tensor2d([[1]])] });
    expect(() => joinBatches(one, deeper, -1)).toThrow(/REPLAY_SHAPES/);
  });
});

it('a batch is made again of its leaves', () => {
  const batch = kept({
    inputs: [tensor1d([1]), tensor1d([2])],
    'side/data': tensor1d([3]),
    targets: { a: tensor1d([4]) },
  });
  expect(batchFrom(leavesOf(batch))).toEqual({ ...batch, inputs: [...(batch.inputs as Tensor[])] });
});
