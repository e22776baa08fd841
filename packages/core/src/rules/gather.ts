import {
  add,
  cast,
  type GatherV2Attrs,
  gather,
  gatherND,
  greaterEqual,
  less,
  logicalAnd,
  mul,
  range,
  reshape,
  scatterND,
  type Tensor,
  transpose,
  type UnsortedSegmentSumAttrs,
  util,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

const product = (extents: readonly number[]): number => extents.reduce((total, extent) => total * extent, 1);

/** Sums the rows of `values [n, width]` that have the same index into `[rows, width]`. */
function scatterRows(values: Tensor, indices: Tensor, rows: number): Tensor {
  return scatterND(reshape(indices, [indices.size, 1]), values, [rows, values.shape[1] as number]);
}

rule<'x' | 'indices', GatherV2Attrs>('GatherV2', {
  inputs: ['x', 'indices'],
  differentiable: ['x'],
  saves: () => ['indices'],
  backward: ({ dy, saved: { indices }, shapes, attrs }) => ({
    x: () => {
      const axis = util.parseAxisParam(attrs.axis, shapes.x)[0] as number;
      const batchRank = attrs.batchDims ?? 0;
      const batch = shapes.x.slice(0, batchRank);
      const outer = shapes.x.slice(batchRank, axis);
      const extent = shapes.x[axis] as number;
      const inner = shapes.x.slice(axis + 1);
      const batches = product(batch);
      const width = product(outer) * product(inner);
      const picks = indices.size / batches;
      // dy is [batch, outer, picked, inner]; rows to be summed must come first.
      const rowsFirst = transpose(reshape(dy, [batches, product(outer), picks, product(inner)]), [0, 2, 1, 3]);
      const offsets = reshape(range(0, batches * extent, extent, 'int32'), [batches, 1]);
      const flat = batches === 1 ? indices : add(reshape(indices, [batches, picks]), offsets);
      const summed = scatterRows(reshape(rowsFirst, [batches * picks, width]), flat, batches * extent);
      const ordered = transpose(reshape(summed, [batches, extent, product(outer), product(inner)]), [0, 2, 1, 3]);
      return reshape(ordered, shapes.x);
    },
  }),
});

rule<'params' | 'indices'>('GatherNd', {
  inputs: ['params', 'indices'],
  differentiable: ['params'],
  saves: () => ['indices'],
  backward: ({ dy, saved: { indices }, shapes }) => ({ params: () => scatterND(indices, dy, shapes.params) }),
});

rule<'indices' | 'updates'>('ScatterNd', {
  inputs: ['indices', 'updates'],
  differentiable: ['updates'],
  saves: () => ['indices'],
  backward: ({ dy, saved: { indices }, shapes }) => ({
    updates: () => reshape(gatherND(dy, indices), shapes.updates),
  }),
});

rule<'x' | 'segmentIds', UnsortedSegmentSumAttrs>('UnsortedSegmentSum', {
  inputs: ['x', 'segmentIds'],
  differentiable: ['x'],
  saves: () => ['segmentIds'],
  backward: ({ dy, saved: { segmentIds }, shapes, attrs: { numSegments } }) => ({
    x: () => {
      // The kernel drops rows whose segment does not exist: their gradient is zero.
      const exists = logicalAnd(greaterEqual(segmentIds, 0), less(segmentIds, numSegments));
      // Not by clipping: tfjs's wasm backend clips the bits of integers as if they were floats.
      const picked = gather(dy, mul(segmentIds, cast(exists, 'int32')));
      const column = reshape(exists, [...segmentIds.shape, ...shapes.x.slice(segmentIds.rank).map(() => 1)]);
      return where(column, picked, zerosLike(picked));
    },
  }),
});
