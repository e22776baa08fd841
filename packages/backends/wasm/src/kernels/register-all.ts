import '@tensorflow/tfjs-backend-wasm';
import { registerActivations } from './activation.ts';
import { registerAttention } from './attention.ts';
import { registerBatchNorm } from './batch-norm.ts';
import { registerCodes } from './codes.ts';
import { registerComparisons } from './compare.ts';
import { registerComplex } from './complex.ts';
import { registerConvolutions } from './conv.ts';
import { registerCorrections } from './corrections.ts';
import { registerCrossEntropy } from './cross-entropy.ts';
import { registerDepthwiseConvolutions } from './depthwise-conv.ts';
import { registerEinsum } from './einsum.ts';
import { registerElementwise } from './elementwise.ts';
import { registerGroups } from './groups.ts';
import { registerHalf } from './half.ts';
import { registerLayout } from './layout.ts';
import { registerMatMul } from './mat-mul.ts';
import { registerNorms } from './norm.ts';
import { registerPools } from './pool.ts';
import { registerReductions } from './reduce.ts';
import { registerSegmentSums } from './segment-sum.ts';
import { registerSparse } from './sparse.ts';
import { registerUpdates } from './update.ts';

/** Registers every own kernel for the wasm backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerMatMul();
  registerConvolutions();
  registerDepthwiseConvolutions();
  registerPools();
  registerNorms();
  registerActivations();
  registerCrossEntropy();
  registerAttention();
  registerSegmentSums();
  registerUpdates();
  registerReductions();
  registerLayout();
  registerElementwise();
  registerComparisons();
  registerBatchNorm();
  registerEinsum();
  registerComplex();
  registerCodes();
  registerGroups();
  registerHalf();
  registerSparse();
  registerCorrections();
}
