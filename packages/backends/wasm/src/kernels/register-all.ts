import '@tensorflow/tfjs-backend-wasm';
import { registerActivations } from './activation.ts';
import { registerAttention } from './attention.ts';
import { registerCrossEntropy } from './cross-entropy.ts';
import { registerMatMul } from './mat-mul.ts';
import { registerNorms } from './norm.ts';
import { registerSegmentSums } from './segment-sum.ts';
import { registerUpdates } from './update.ts';

/** Registers every own kernel for the wasm backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerMatMul();
  registerNorms();
  registerActivations();
  registerCrossEntropy();
  registerAttention();
  registerSegmentSums();
  registerUpdates();
}
