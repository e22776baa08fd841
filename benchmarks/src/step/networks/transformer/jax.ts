import { type Jax, type JaxArray, type JaxLoss, type JaxWeights, jaxCrossEntropy } from '../jax-library.ts';
import type { TransformerSizes } from './task.ts';

/** Cross-entropy of one batch by the encoder. `inputs` `[batch, tokens, width]`. */
export function jaxTransformer(jax: Jax, sizes: TransformerSizes): JaxLoss {
  const { nn, numpy: np, tree } = jax;
  const { width, heads, layers, batch, tokens, epsilon } = sizes;

  function norm(x: JaxArray, weights: JaxWeights, name: string): JaxArray {
    const mean = x.ref.mean(-1, { keepdims: true });
    const centred = x.sub(mean);
    const variance = np.square(centred.ref).mean(-1, { keepdims: true });
    return centred
      .div(np.sqrt(variance.add(epsilon)))
      .mul(weights[`${name}.weight`]!.ref)
      .add(weights[`${name}.bias`]!.ref);
  }

  const linear = (x: JaxArray, weights: JaxWeights, name: string) =>
    np.matmul(x, weights[`${name}.weight`]!.ref).add(weights[`${name}.bias`]!.ref);

  function attention(x: JaxArray, weights: JaxWeights, name: string): JaxArray {
    const split = linear(x, weights, `${name}.attention.qkv`)
      .reshape([batch, tokens, 3, heads, width / heads])
      .transpose([2, 0, 3, 1, 4]);
    const [query, key, value] = np
      .split(split, 3, 0)
      .map((part) => part.reshape([batch, heads, tokens, width / heads]));
    const scores = np.matmul(query!, key!.transpose([0, 1, 3, 2])).mul((width / heads) ** -0.5);
    const context = np.matmul(nn.softmax(scores, -1), value!);
    return linear(
      context.transpose([0, 2, 1, 3]).reshape([batch * tokens, width]),
      weights,
      `${name}.attention.output`,
    );
  }

  function block(x: JaxArray, weights: JaxWeights, name: string): JaxArray {
    const attended = x.ref.add(attention(norm(x, weights, `${name}.norm1`), weights, name));
    const hidden = nn.gelu(linear(norm(attended.ref, weights, `${name}.norm2`), weights, `${name}.mlp.up`), {
      approximate: false,
    });
    return attended.add(linear(hidden, weights, `${name}.mlp.down`));
  }

  return (weights, inputs, targets) => {
    let x = inputs.add(weights.position!.ref).reshape([batch * tokens, width]);
    for (let layer = 0; layer < layers; layer++) x = block(x, weights, `layers.${layer}`);
    const pooled = norm(x, weights, 'norm').reshape([batch, tokens, width]).mean(1);
    const value = jaxCrossEntropy(jax, linear(pooled, weights, 'head'), targets, batch);
    tree.dispose(weights);
    return value;
  };
}
