import '@tensorflow/tfjs-backend-webgpu';
import { registerAdamW } from './adamw.ts';
import { registerAddN } from './add-n.ts';
import { registerClip } from './clip.ts';
import { registerCrossEntropy } from './cross-entropy.ts';
import { registerGelu } from './gelu.ts';
import { registerHardSwish } from './hard-swish.ts';
import { registerNorms } from './norm.ts';
import { registerReductions } from './reduce.ts';
import { registerReluGrad } from './relu-grad.ts';
import { registerSegmentSums } from './segment-sum.ts';
import { registerSilu } from './silu.ts';
import { registerUpdates } from './update.ts';

/** Registers every own kernel for the webgpu backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerAddN();
  registerAdamW();
  registerClip();
  registerCrossEntropy();
  registerSegmentSums();
  registerUpdates();
  registerGelu();
  registerSilu();
  registerHardSwish();
  registerReluGrad();
  registerReductions();
  registerNorms();
}
