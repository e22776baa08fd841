import { FusedBatchNorm, LogSoftmax, LRN, LRNGrad, Softmax } from '@tensorflow/tfjs-core';
import { like } from '../register.ts';

export function registerNormalizations(): void {
  like('x', [FusedBatchNorm, LRN, LRNGrad]);
  like('logits', [Softmax, LogSoftmax]);
}
