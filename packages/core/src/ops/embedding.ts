import { gather, reshape, type Tensor, type Tensor1D, unsortedSegmentSum } from '@tensorflow/tfjs-core';
import { rows } from './linear.ts';
import { ownOp, runKernelIfAny } from './own-op.ts';

/**
 * Rows of a table. Saves the ids alone.
 * @param table `[rows, width]`
 * @param ids int32 `[...]`
 * @returns `[..., width]`
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  return run({ table, ids }, {});
}

const run = ownOp<'table' | 'ids', object>({
  name: 'tapgrad.Embedding',
  inputs: ['table', 'ids'],
  differentiable: ['table'],
  forward: ({ table, ids }) => gather(table as Tensor, ids as Tensor),
  saves: () => ['ids'],
  backward: ({ dy, saved, shapes }) => ({
    table() {
      const ids = reshape(saved.ids, [-1]) as Tensor1D;
      const count = shapes.table[0] ?? 0;
      const fused = runKernelIfAny('tapgrad.EmbeddingGrad', { dy: rows(dy), ids }, { rows: count });
      return (fused as Tensor | undefined) ?? unsortedSegmentSum(rows(dy), ids, count);
    },
  }),
});
