import { logSoftmax, mean, mul, neg, softmax, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

export interface LwfLossOptions {
  /** T: of teacher and student alike. Probabilities p^(1/T), made to sum to 1 again, are softmax(z / T). */
  readonly temperature: number;
  /** `cross-entropy`: −Σ p log q (Li and Hoiem, eq. 2 and 3). `kl`: that minus the teacher's own entropy. */
  readonly form: 'cross-entropy' | 'kl';
  /** Multiply by T², so that gradients do not shrink as T grows (Hinton et al. 2015). */
  readonly squaredTemperature: boolean;
}

/**
 * The distillation loss of learning without forgetting, mean over the batch.
 * @param student logits `[batch, classes seen before]`
 * @param teacher the same of the model at the end of the last task
 */
export function lwfLoss(student: Tensor, teacher: Tensor, options: LwfLossOptions): Tensor {
  const scale = 1 / options.temperature;
  const [q, p] = [logSoftmax(mul(student, scale)), mul(teacher, scale)];
  const gap = options.form === 'kl' ? sub(logSoftmax(p), q) : neg(q);
  const loss = mean(sum(mul(softmax(p), gap), -1));
  return options.squaredTemperature ? mul(loss, options.temperature ** 2) : loss;
}
