import { type Tensor, util } from '@tensorflow/tfjs-core';
import type { DeviceMemory } from './backend-memory.ts';
import { internals } from './engine-seam.ts';

/** What a tensor's buffer takes on the backend where it is. */
export function bytesOf({ dataId, dtype, size }: Tensor): number {
  const backend = internals().state.tensorInfo.get(dataId)?.backend;
  return size * (backend?.bytesPerElement?.(dtype) ?? (dtype === 'complex64' ? 8 : util.bytesPerElement(dtype)));
}

/** Undefined where the backend has no pool of its own. */
export function deviceMemory(): DeviceMemory | undefined {
  return internals().backendInstance?.deviceMemory?.();
}

export function resetDevicePeak(): void {
  internals().backendInstance?.resetDevicePeak?.();
}
