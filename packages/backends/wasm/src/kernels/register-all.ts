import '@tensorflow/tfjs-backend-wasm';
import { registerMatMul } from './mat-mul.ts';

/** Registers every own kernel for the wasm backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerMatMul();
}
