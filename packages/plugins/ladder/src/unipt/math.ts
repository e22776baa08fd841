import { customRule } from '@tapgrad/core';
import {
  add,
  avgPool,
  cast,
  div,
  expandDims,
  greater,
  image,
  matMul,
  maximum,
  mul,
  relu,
  softmax,
  squeeze,
  sub,
  sum,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/**
 * How each token of the anchor attends to the tokens of a state: `ReLU(A Fᵀ ⊙ M)`, each row divided by its sum; 0 where no
 * product is positive. UniPT (Diao et al. 2024, arXiv:2308.14316), interaction.
 * @param anchor `[batch, queries, width]`
 * @param state `[batch, tokens, width]`
 * @param mask `[batch, tokens]` of 1 (real) and 0 (padding)
 * @param epsilon least sum that is divided by
 * @returns shares `[batch, queries, tokens]`, and the sums `[batch, queries, 1]`
 */
export function attentionShares(
  anchor: Tensor,
  state: Tensor,
  mask: Tensor | undefined,
  epsilon: number,
): readonly [shares: Tensor, sums: Tensor] {
  const products = matMul(anchor, state, false, true);
  const positive = relu(mask ? mul(products, expandDims(mask, 1)) : products);
  const sums = sum(positive, -1, true);
  return [div(positive, maximum(sums, epsilon)), sums];
}

/**
 * `Y = (shares + I) F`, F the state of as many tokens as the anchor. One node that saves anchor, state, the shares and
 * their sums: one map of `[batch, tokens, tokens]`.
 */
export function interact(anchor: Tensor, state: Tensor, mask: Tensor | undefined, epsilon: number): Tensor {
  return interaction({ anchor, state, mask }, { epsilon });
}

const interaction = customRule<'anchor' | 'state' | 'mask' | 'shares' | 'sums', { readonly epsilon: number }>({
  name: 'unipt.Interaction',
  inputs: ['anchor', 'state', 'mask'],
  aux: ['shares', 'sums'],
  forward({ anchor, state, mask }, { epsilon }) {
    const f = state as Tensor;
    const [shares, sums] = attentionShares(anchor as Tensor, f, mask, epsilon);
    return [add(matMul(shares, f), f), shares, sums];
  },
  saves: (need) => ['shares', 'sums', 'state', need.state && 'anchor'],
  backward({ dy, saved, attrs: { epsilon } }) {
    const { shares, sums, state, anchor } = saved;
    const dProducts = () => {
      const dShares = matMul(dy, state, false, true);
      // A sum that is clamped is a constant.
      const along = mul(sum(mul(dShares, shares), -1, true), cast(greater(sums, epsilon), 'float32'));
      const dPositive = div(sub(dShares, along), maximum(sums, epsilon));
      // Of masked tokens the shares are 0.
      return mul(dPositive, cast(greater(shares, 0), 'float32'));
    };
    return {
      anchor: () => matMul(dProducts(), state),
      state: () => add(add(dy, matMul(shares, dy, true, false)), matMul(dProducts(), anchor, true, false)),
    };
  },
});

/**
 * Confidence in each layer: `softmax_i(w · (Ā ⊙ F̄_i) + b)`.
 * @param means F̄, `[batch, layers, width]`
 * @param anchor Ā, `[batch, width]`
 * @param w `[width, 1]`
 * @param b `[1]`
 * @returns `[batch, layers]`
 */
export function confidence(means: Tensor, anchor: Tensor, w: Tensor, b: Tensor): Tensor {
  const guide = expandDims(mul(anchor, squeeze(w, [1])), -1);
  return softmax(add(squeeze(matMul(means, guide), [2]), b));
}

/**
 * Sums the windows of `ratio` x `ratio` of a map, weighted by a guide: inside each window `ReLU(Σ_c guide · map)` of sum 1,
 * plus `1 / ratio²`.
 * @param maps `[batch, height, width, channels]`
 * @param guide `[batch, height / ratio, width / ratio, channels]`
 * @returns as large as the guide
 */
export function guidedPool(maps: Tensor, guide: Tensor, ratio: number, epsilon: number): Tensor {
  const area = ratio * ratio;
  const [, height, width] = maps.shape as [number, number, number, number];
  const enlarged = (x: Tensor) => image.resizeNearestNeighbor(x as Tensor4D, [height, width]);
  const windowSums = (x: Tensor) => mul(avgPool(x as Tensor4D, ratio, ratio, 'valid'), area);
  const positive = relu(sum(mul(maps, enlarged(guide)), -1, true));
  const shares = div(positive, enlarged(maximum(windowSums(positive), epsilon)));
  return windowSums(mul(maps, add(shares, 1 / area)));
}
