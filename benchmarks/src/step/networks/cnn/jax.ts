import { type Jax, type JaxArray, type JaxLoss, type JaxWeights, jaxCrossEntropy } from '../jax-library.ts';
import type { CnnSizes } from './task.ts';

/**
 * Cross-entropy of one batch by the residual network. `inputs` are images `[batch, pixels, pixels, 3]` as everywhere; inside,
 * channels come first, the one layout that jax-js has convolutions for.
 */
export function jaxCnn(jax: Jax, { batch, channels, epsilon }: CnnSizes): JaxLoss {
  const { lax, nn, numpy: np, tree } = jax;

  function conv(x: JaxArray, weights: JaxWeights, name: string, stride: number, pad: number): JaxArray {
    const kernel = weights[`${name}.weight`]!.ref.transpose([3, 2, 0, 1]);
    const sides: [number, number] = [pad, pad];
    return lax.conv(x, kernel, [stride, stride], [sides, sides]);
  }

  function norm(x: JaxArray, weights: JaxWeights, name: string): JaxArray {
    const mean = x.ref.mean([0, 2, 3], { keepdims: true });
    const centred = x.sub(mean);
    const variance = np.square(centred.ref).mean([0, 2, 3], { keepdims: true });
    const perChannel = (part: string) => weights[`${name}.${part}`]!.ref.reshape([1, -1, 1, 1]);
    return centred
      .div(np.sqrt(variance.add(epsilon)))
      .mul(perChannel('weight'))
      .add(perChannel('bias'));
  }

  function block(x: JaxArray, weights: JaxWeights, stage: number): JaxArray {
    const name = `stages.${stage}`;
    const stride = stage === 0 ? 1 : 2;
    const first = nn.relu(norm(conv(x.ref, weights, `${name}.conv1`, stride, 1), weights, `${name}.bn1`));
    const second = norm(conv(first, weights, `${name}.conv2`, 1, 1), weights, `${name}.bn2`);
    const residual =
      stage === 0 ? x : norm(conv(x, weights, `${name}.downsample.0`, stride, 0), weights, `${name}.downsample.1`);
    return nn.relu(second.add(residual));
  }

  return (weights, inputs, targets) => {
    const images = inputs.transpose([0, 3, 1, 2]);
    let x = nn.relu(norm(conv(images, weights, 'stem', 1, 1), weights, 'norm'));
    for (let stage = 0; stage < channels.length; stage++) x = block(x, weights, stage);
    const pooled = x.mean([2, 3]);
    const logits = np.matmul(pooled, weights['head.weight']!.ref).add(weights['head.bias']!.ref);
    const value = jaxCrossEntropy(jax, logits, targets, batch);
    tree.dispose(weights);
    return value;
  };
}
