import { div, gather, maximum, ones, reshape, scatterND, type Tensor } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

type Operand = 'data' | 'indices' | 'segmentIds';

// out[s] is the sum (or mean) of the rows data[indices_i] with segmentIds_i = s.
for (const [kernel, averaged] of [
  ['SparseSegmentSum', false],
  ['SparseSegmentMean', true],
] as const) {
  rule<Operand>(kernel, {
    inputs: ['data', 'indices', 'segmentIds'],
    differentiable: ['data'],
    saves: () => ['indices', 'segmentIds'],
    backward: ({ dy, saved: { indices, segmentIds }, shapes }) => ({
      data: () => {
        const column = (vector: Tensor) => reshape(vector, [vector.size, 1]);
        const segments = dy.shape[0] as number;
        const members = () => scatterND(column(segmentIds), ones([segmentIds.size]), [segments]);
        const perRow = [segments, ...dy.shape.slice(1).map(() => 1)];
        // A segment without members divides by one, not by zero.
        const shares = averaged ? div(dy, reshape(maximum(members(), 1), perRow)) : dy;
        return scatterND(column(indices), gather(shares, segmentIds), shapes.data);
      },
    }),
  });
}
