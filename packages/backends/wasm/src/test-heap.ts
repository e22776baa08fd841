import { engine } from '@tensorflow/tfjs-core';

/** Bytes of the wasm heap. */
export function heapBytes(): number {
  return (engine().backend as unknown as { wasm: { HEAPU8: Uint8Array } }).wasm.HEAPU8.length;
}
