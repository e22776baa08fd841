import '@tensorflow/tfjs-backend-webgpu';
import { registerGelu } from './gelu.ts';
import { registerHardSwish } from './hard-swish.ts';
import { registerReductions } from './reduce.ts';
import { registerReluGrad } from './relu-grad.ts';
import { registerSilu } from './silu.ts';
import { registerUpdates } from './update.ts';

/** Registers every own kernel for the webgpu backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerUpdates();
  registerGelu();
  registerSilu();
  registerHardSwish();
  registerReluGrad();
  registerReductions();
}
