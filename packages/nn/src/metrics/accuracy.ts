import { any, argMax, cast, equal, expandDims, mean, type Tensor, topk } from '@tensorflow/tfjs-core';
import { type Targets, targetTensor } from '../losses/targets.ts';

/**
 * Share of examples whose largest logit is that of the label.
 * @param logits `[batch, classes]`
 * @param targets int32 `[batch]`, or the batch that holds them
 * @returns a scalar; its mean over equal batches is the accuracy of all
 */
export function accuracy(logits: Tensor, targets: Targets): Tensor {
  return mean(cast(equal(cast(argMax(logits, -1), 'int32'), targetTensor(targets)), 'float32'));
}

/** A metric like `accuracy` that asks whether the label is among the `k` largest logits. */
export function topKAccuracy(k: number): (logits: Tensor, targets: Targets) => Tensor {
  return (logits, targets) => {
    const candidates = topk(logits, k).indices;
    return mean(cast(any(equal(candidates, expandDims(targetTensor(targets), -1)), -1), 'float32'));
  };
}
