import { cosineSimilarity, meanSquaredError } from '@tapgrad/nn';
import { mean, reshape, sub, type Tensor } from '@tensorflow/tfjs-core';

export type Distance = 'l2' | 'cosine';

/**
 * How far features are from the teacher's, of the same shape `[batch, …]`. `l2`: mean over all elements of the squared
 * difference. `cosine`: 1 − cos of what a sample has, mean over the batch.
 */
export function featureDistance(student: Tensor, teacher: Tensor, distance: Distance): Tensor {
  if (distance === 'l2') return meanSquaredError(student, teacher);
  return mean(sub(1, cosineSimilarity(ofSamples(student), ofSamples(teacher))));
}

function ofSamples(features: Tensor): Tensor {
  return reshape(features, [features.shape[0] ?? 1, -1]);
}
