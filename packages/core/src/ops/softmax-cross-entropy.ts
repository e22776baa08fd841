import {
  add,
  cast,
  equal,
  exp,
  expandDims,
  logSumExp,
  mean,
  mul,
  oneHot,
  reshape,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { rows } from './linear.ts';
import { inSteps, ownOp, runKernelIfAny } from './own-op.ts';

export interface SoftmaxCrossEntropyOptions {
  /** Share of the target that is spread over all classes; default 0. */
  readonly labelSmoothing?: number;
  /** Default: `mean` over the rows. */
  readonly reduction?: 'mean' | 'sum' | 'none';
}

/**
 * Cross-entropy between softmax(logits) and labels. Saves the logits and one log-sum-exp a row, no probabilities.
 * @param logits `[..., classes]`
 * @param labels class indices, int32 `[...]`; or target distributions, float32 `[..., classes]`
 * @returns a scalar, or `[rows]` for reduction `none`
 * @throws TapgradError SHAPE_MISMATCH
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor, options: SoftmaxCrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, reduction = 'mean' } = options;
  const flat = rows(logits);
  const dense = labels.rank === logits.rank;
  if (labels.size !== (dense ? logits.size : flat.shape[0]) || (!dense && labels.dtype !== 'int32')) {
    throw new TapgradError({
      code: 'SHAPE_MISMATCH',
      message: `logits of shape [${logits.shape}] do not fit labels of shape [${labels.shape}], ${labels.dtype}`,
      op: 'tapgrad.SoftmaxCrossEntropy',
      fix: 'pass int32 class indices of the shape of the logits without their last axis, or distributions of their shape',
    });
  }
  const target = dense ? rows(labels) : labels.rank === 1 ? labels : reshape(labels, [-1]);
  const loss = run({ logits: flat, labels: target }, { labelSmoothing });
  if (reduction === 'none') return loss;
  return reduction === 'mean' ? mean(loss) : sum(loss);
}

const run = ownOp<'logits' | 'labels' | 'logSumExp', { labelSmoothing: number }>({
  name: 'tapgrad.SoftmaxCrossEntropy',
  inputs: ['logits', 'labels'],
  differentiable: ['logits'],
  aux: ['logSumExp'],
  forward({ logits, labels }, { labelSmoothing }) {
    const x = logits as Tensor;
    const normalizer = logSumExp(x, -1);
    const target = targets(labels as Tensor, x.shape.at(-1) ?? 1, labelSmoothing);
    return [sub(mul(normalizer, sum(target, -1)), sum(mul(x, target), -1)), normalizer];
  },
  saves: () => ['logits', 'labels', 'logSumExp'],
  backward: ({ dy, saved, attrs, release }) => ({
    logits() {
      const { logits, labels, logSumExp: normalizer } = saved;
      if (labels.rank === 1) {
        const inputs = { dy, logits, labels, logSumExp: normalizer };
        const fused = runKernelIfAny('tapgrad.SoftmaxCrossEntropyGrad', inputs, attrs) as Tensor | undefined;
        if (fused) return fused;
      }
      const classes = logits.shape.at(-1) ?? 1;
      const probabilities = inSteps(logits, (x) => sub(x, expandDims(normalizer, -1)), exp);
      release('logits');
      return inSteps(
        probabilities,
        (p) => difference(p, labels, targets(labels, classes, attrs.labelSmoothing)),
        (each) => mul(each, expandDims(dy, -1)),
      );
    },
  }),
});

/** Probabilities times the sum of their row's target, minus the target; targets made of class indices add up to 1. */
function difference(probabilities: Tensor, labels: Tensor, target: Tensor): Tensor {
  return sub(labels.rank === 1 ? probabilities : mul(probabilities, sum(target, -1, true)), target);
}

function targets(labels: Tensor, classes: number, smoothing: number): Tensor {
  const hard = labels.rank === 1 ? oneHotRows(labels as Tensor1D, classes) : labels;
  return smoothing === 0 ? hard : add(mul(hard, 1 - smoothing), smoothing / classes);
}

function oneHotRows(labels: Tensor1D, classes: number): Tensor {
  // tfjs refuses a depth of 1.
  return classes === 1 ? cast(equal(expandDims(labels, -1), 0), 'float32') : cast(oneHot(labels, classes), 'float32');
}
