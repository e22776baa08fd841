import { ready, setBackend } from '@tensorflow/tfjs-core';
import type { Backend } from '../task.ts';

/** TensorFlow.js's own backend as its packages bring it. On webgpu, `navigator.gpu` must be there already. */
export async function startStock(backend: Backend): Promise<void> {
  if (backend === 'webgpu') await import('@tensorflow/tfjs-backend-webgpu');
  else await import('@tensorflow/tfjs-backend-wasm');
  if (!(await setBackend(backend))) throw new Error(`TensorFlow.js could not start its backend ${backend}`);
  await ready();
}
