import '@tensorflow/tfjs-backend-webgpu';
import { registerAdamW } from './adamw.ts';
import { registerAddN } from './add-n.ts';
import { registerArcs } from './arcs.ts';
import { registerBinary } from './binary.ts';
import { registerCast } from './cast.ts';
import { registerClip } from './clip.ts';
import { registerCrossEntropy } from './cross-entropy.ts';
import { registerCumulative } from './cumulative.ts';
import { registerGelu } from './gelu.ts';
import { registerHardSwish } from './hard-swish.ts';
import { registerIntegers } from './integers.ts';
import { registerLayout } from './layout.ts';
import { registerMaxPools } from './max-pool.ts';
import { registerNorms } from './norm.ts';
import { registerReductions } from './reduce.ts';
import { registerIntegerReductions } from './reduce-integers.ts';
import { registerReluGrad } from './relu-grad.ts';
import { registerSegmentSums } from './segment-sum.ts';
import { registerSelection } from './select.ts';
import { registerSilu } from './silu.ts';
import { registerSparseSegments } from './sparse-segments.ts';
import { registerUpdates } from './update.ts';

/** Registers every own kernel for the webgpu backend, once; later calls do nothing. */
export function registerAllKernels(): void {
  registerAddN();
  registerAdamW();
  registerCast();
  registerClip();
  registerCrossEntropy();
  registerSegmentSums();
  registerBinary();
  registerSparseSegments();
  registerSelection();
  registerIntegerReductions();
  registerMaxPools();
  registerIntegers();
  registerCumulative();
  registerArcs();
  registerLayout();
  registerUpdates();
  registerGelu();
  registerSilu();
  registerHardSwish();
  registerReluGrad();
  registerReductions();
  registerNorms();
}
