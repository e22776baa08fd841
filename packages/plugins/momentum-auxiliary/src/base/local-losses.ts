import { binaryCrossEntropy } from '@tapgrad/nn';
import {
  cast,
  div,
  equal,
  exp,
  expandDims,
  eye,
  greater,
  log,
  matMul,
  max,
  maximum,
  mul,
  neg,
  sub,
  sum,
  type Tensor,
  type Tensor2D,
  tidy,
} from '@tensorflow/tfjs-core';

/** Binary cross-entropy of a decoded image `[batch, height, width, channels]`, as logits, against the image in [0, 1]: a mean over pixels. */
export function reconstructionLoss(logits: Tensor, image: Tensor): Tensor {
  return binaryCrossEntropy(logits, image);
}

/**
 * Supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362, equation 2):
 * −mean over anchors i of the mean over positives p of log( exp(z_i·z_p/τ) / Σ_{a≠i} exp(z_i·z_a/τ) ).
 * Anchors whose class nobody else in the batch has are left out; if there is no other, the loss is 0.
 * @param features unit vectors `[batch, features]`
 * @param labels int32 `[batch]`
 */
export function supervisedContrastive(features: Tensor, labels: Tensor, temperature: number): Tensor {
  const [batch] = features.shape as [number];
  const { positives, others, count, anchors } = tidy(() => {
    const others = sub(1, eye(batch));
    const same = cast(equal(expandDims(labels, 0), expandDims(labels, 1)), 'float32');
    const positives = mul(same, others);
    const each = sum(positives, 1);
    return { positives, others, count: maximum(each, 1), anchors: cast(greater(each, 0), 'float32') };
  });
  const scores = div(matMul(features as Tensor2D, features as Tensor2D, false, true), temperature);
  const shifted = sub(scores, max(scores, 1, true));
  const logDenominator = log(sum(mul(exp(shifted), others), 1, true));
  const perAnchor = div(sum(mul(sub(shifted, logDenominator), positives), 1), count);
  return neg(div(sum(mul(perAnchor, anchors)), maximum(sum(anchors), 1)));
}
