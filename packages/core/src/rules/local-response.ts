import {
  add,
  type LRNAttrs,
  matMul,
  mul,
  pow,
  reshape,
  square,
  sub,
  type Tensor,
  tensor2d,
} from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

/** Sums over the channels that share a neighbourhood: a product with a symmetric band matrix. */
function neighbourhood(x: Tensor, radius: number): Tensor {
  const channels = x.shape[3] as number;
  const band = Array.from({ length: channels * channels }, (_, at) =>
    Math.abs(Math.floor(at / channels) - (at % channels)) <= radius ? 1 : 0,
  );
  const rows = reshape(x, [x.size / channels, channels]);
  return reshape(matMul(rows, tensor2d(band, [channels, channels])), x.shape);
}

// y = x n^-β with n = bias + α N(x²), N the sum over neighbours; so dx = dy n^-β - 2αβ x N(dy x n^(-β-1)).
// The output, which tfjs's backward kernel wants beside the input, is not needed.
rule<'x', LRNAttrs>('LRN', {
  inputs: ['x'],
  saves: () => ['x'],
  backward: ({ dy, saved: { x }, attrs: { depthRadius, bias, alpha, beta } }) => ({
    x: () => {
      const norm = add(mul(alpha, neighbourhood(square(x), depthRadius)), bias);
      const shared = neighbourhood(mul(mul(dy, x), pow(norm, -beta - 1)), depthRadius);
      return sub(mul(dy, pow(norm, -beta)), mul(2 * alpha * beta, mul(x, shared)));
    },
  }),
});
