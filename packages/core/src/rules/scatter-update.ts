import {
  gatherND,
  greater,
  ones,
  reshape,
  scatterND,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

// Where an index occurs twice tfjs keeps the last update, in an order that backends need not share; so the indices
// of these kernels must be distinct for the gradient to mean anything.

/** `x` with zeros at `indices`. (tfjs's own update kernel would write into `x` itself on the cpu backend.) */
function clearedAt(x: Tensor, indices: Tensor, updatesShape: readonly number[]): Tensor {
  const hits = scatterND(indices, ones([...updatesShape]), x.shape);
  return where(greater(hits, 0), zerosLike(x), x);
}

rule<'tensor' | 'indices' | 'updates'>('TensorScatterUpdate', {
  inputs: ['tensor', 'indices', 'updates'],
  differentiable: ['tensor', 'updates'],
  saves: () => ['indices'],
  backward: ({ dy, saved: { indices }, shapes }) => ({
    tensor: () => clearedAt(dy, indices, shapes.updates),
    updates: () => reshape(gatherND(dy, indices), shapes.updates),
  }),
});

rule<'sparseIndices' | 'sparseValues' | 'defaultValue'>('SparseToDense', {
  inputs: ['sparseIndices', 'sparseValues', 'defaultValue'],
  differentiable: ['sparseValues', 'defaultValue'],
  saves: () => ['sparseIndices'],
  backward({ dy, saved: { sparseIndices }, shapes }) {
    // Indices may be a scalar or a vector of positions in a one-dimensional output.
    const indices = () => (sparseIndices.rank < 2 ? reshape(sparseIndices, [sparseIndices.size, 1]) : sparseIndices);
    return {
      sparseValues: () => {
        const picked = gatherND(dy, indices());
        return shapes.sparseValues.length === 0 ? sum(picked) : reshape(picked, shapes.sparseValues);
      },
      defaultValue: () => reshape(sub(sum(dy), sum(gatherND(dy, indices()))), shapes.defaultValue),
    };
  },
});
