import { registerCodes } from './codes.ts';
import { registerComplex } from './complex.ts';
import { registerConvolutions } from './conv.ts';
import { registerCreations } from './create.ts';
import { registerElementwise } from './elementwise.ts';
import { registerGathers } from './gather.ts';
import { registerImages } from './image.ts';
import { registerMatMul } from './mat-mul.ts';
import { registerNormalizations } from './normalize.ts';
import { registerOwnOps } from './own-ops.ts';
import { registerPools } from './pool.ts';
import { registerReductions } from './reduce.ts';
import { registerShapes } from './shape.ts';
import { registerSlices } from './slice.ts';
import { registerUpdates } from './update.ts';

/** Registers every kernel of the meta backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerElementwise();
  registerComplex();
  registerReductions();
  registerShapes();
  registerSlices();
  registerCreations();
  registerMatMul();
  registerConvolutions();
  registerPools();
  registerNormalizations();
  registerGathers();
  registerImages();
  registerOwnOps();
  registerUpdates();
  registerCodes();
}
