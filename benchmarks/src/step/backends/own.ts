import type { Backend } from '../task.ts';

/** tapgrad's backend: that of TensorFlow.js with the kernels that training needs. */
export async function startOwn(backend: Backend): Promise<void> {
  if (backend === 'webgpu') await (await import('@tapgrad/backend-webgpu')).useWebgpu();
  else await (await import('@tapgrad/backend-wasm')).useWasm();
}
