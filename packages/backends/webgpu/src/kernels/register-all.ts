import '@tensorflow/tfjs-backend-webgpu';
import { registerUpdates } from './update.ts';

/** Registers every own kernel for the webgpu backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerUpdates();
}
