import { SparseSegmentMean, SparseSegmentSum, type TensorInfo } from '@tensorflow/tfjs-core';
import { callKernel, type KernelCall, kernel } from '../register.ts';
import { segmentSum } from './segment-sum.ts';

type Inputs = { readonly data: TensorInfo; readonly indices: TensorInfo; readonly segmentIds: TensorInfo };

/**
 * Sums, or means, of the rows of `data` that `indices` name, by the segment that stands beside each index. There are as many as the last
 * id, the largest one, says: that is read on the host.
 */
const sparseSegments =
  (isMean: boolean) =>
  ({ inputs: { data, indices, segmentIds }, gpu }: KernelCall<Inputs>): TensorInfo => {
    const ids = gpu.readSync(segmentIds.dataId) as Int32Array;
    const segments = ids.length > 0 ? ids.at(-1)! + 1 : 0;
    const rows = callKernel(gpu, 'GatherV2', { x: data, indices }, { axis: 0 });
    const sums = segmentSum(gpu, rows, segmentIds, segments);
    gpu.disposeData(rows.dataId);
    if (!isMean || segments === 0) return sums;
    const counts = new Float32Array(segments);
    for (const id of ids) counts[id]! += 1;
    const shape = [segments, ...data.shape.slice(1).map(() => 1)];
    const b = gpu.makeTensorInfo(
      shape,
      'float32',
      counts.map((count) => Math.max(1, count)),
    );
    const means = callKernel(gpu, 'RealDiv', { a: sums, b });
    for (const each of [sums, b]) gpu.disposeData(each.dataId);
    return means;
  };

export function registerSparseSegments(): void {
  kernel(SparseSegmentSum, sparseSegments(false));
  kernel(SparseSegmentMean, sparseSegments(true));
}
