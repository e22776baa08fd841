/** jax-js looks for a GPU when it is loaded, so that it is loaded late and handed on. */
export type Jax = typeof import('@jax-js/jax');
export type JaxArray = import('@jax-js/jax').Array;
export type JaxWeights = Record<string, JaxArray>;

/** A loss, whose arguments it uses up as all functions of jax-js do. `targets` are one-hot `[batch, classes]`. */
export type JaxLoss = (weights: JaxWeights, inputs: JaxArray, targets: JaxArray) => JaxArray;

/** Mean cross-entropy of logits `[batch, classes]`. */
export function jaxCrossEntropy({ nn }: Jax, logits: JaxArray, targets: JaxArray, batch: number): JaxArray {
  return nn
    .logSoftmax(logits, -1)
    .mul(targets)
    .sum()
    .mul(-1 / batch);
}
