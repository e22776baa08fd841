import type { DataId, Tensor } from '@tensorflow/tfjs-core';

/**
 * Facts about buffers that no tensor handle carries. A buffer may be seen through many tensors (views, clones), so
 * they are keyed by its identity, tfjs's `dataId`.
 */
const kinds = new WeakMap<DataId, 'parameter' | 'batch'>();
const versions = new WeakMap<DataId, number>();

/** Says that this buffer holds a parameter: it is alive anyway, so saving it is free, and it is never packed. */
export function markParameter(tensor: Tensor): void {
  kinds.set(tensor.dataId, 'parameter');
}

/** Says that this buffer belongs to the batch that the caller passed in: it is never packed. */
export function markBatchInput(tensor: Tensor): void {
  kinds.set(tensor.dataId, 'batch');
}

export function bufferKind(dataId: DataId): 'parameter' | 'batch' | undefined {
  return kinds.get(dataId);
}

/** Must be called after a kernel wrote into a buffer in place: values saved before are then refused at restore. */
export function markModified(tensor: Tensor): void {
  versions.set(tensor.dataId, bufferVersion(tensor.dataId) + 1);
}

export function bufferVersion(dataId: DataId): number {
  return versions.get(dataId) ?? 0;
}
