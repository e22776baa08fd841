import { type TensorInfo, UnsortedSegmentSum, util } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { kernel } from '../register.ts';

/** Sums of the rows of x `[n, ...rest]` that share an id, `[segments, ...rest]`. */
function segmentSum(heap: Heap, x: TensorInfo, ids: TensorInfo, segments: number): TensorInfo {
  const [n = 0, ...rest] = x.shape;
  const out = heap.output([segments, ...rest]);
  heap.kernels.segmentSum(n, util.sizeFromShape(rest), heap.at(x), heap.at(ids), segments, heap.at(out));
  return out;
}

function integerSegmentSum(heap: Heap, x: TensorInfo, ids: TensorInfo, segments: number): TensorInfo {
  const [n = 0, ...rest] = x.shape;
  const width = util.sizeFromShape(rest);
  const out = heap.output([segments, ...rest], x.dtype);
  const [from, to, index] = [heap.view(x), heap.view(out).fill(0), heap.view(ids)];
  for (let i = 0; i < n; i++) {
    const segment = index[i]!;
    if (segment < 0 || segment >= segments) continue;
    for (let j = 0; j < width; j++) to[segment * width + j]! += from[i * width + j]!;
  }
  return out;
}

export function registerSegmentSums(): void {
  kernel<{ dy: TensorInfo; ids: TensorInfo }, { rows: number }>(
    'tapgrad.EmbeddingGrad',
    ({ inputs: { dy, ids }, attrs: { rows }, heap }) => segmentSum(heap, dy, ids, rows),
  );
  kernel<{ x: TensorInfo; segmentIds: TensorInfo }, { numSegments: number }>(
    UnsortedSegmentSum,
    ({ inputs: { x, segmentIds }, attrs: { numSegments }, heap }) => {
      if (x.dtype === 'float32') return segmentSum(heap, x, segmentIds, numSegments);
      return integerSegmentSum(heap, x, segmentIds, numSegments);
    },
  );
}
