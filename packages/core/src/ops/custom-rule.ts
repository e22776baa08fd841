import type { Tensor } from '@tensorflow/tfjs-core';
import type { Attributes } from '../engine-seam.ts';
import { type OwnOp, ownOp } from './own-op.ts';

/**
 * Gives a computation a gradient rule of its own: one node on the tape that saves exactly what `saves` names.
 * Derivatives of derivatives differentiate `forward` itself, op by op.
 *
 * @example
 * const clippedExp = customRule({
 *   name: 'clippedExp', inputs: ['x'],
 *   forward: ({ x }) => tf.clipByValue(tf.exp(x), 0, 10),
 *   saves: () => ['y'],
 *   backward: ({ dy, saved }) => ({ x: () => tf.mul(dy, saved.y) }),
 * });
 * const y = clippedExp({ x });
 */
export function customRule<N extends string, A extends object = Attributes>(
  spec: OwnOp<N, A>,
): (inputs: { readonly [K in N]?: Tensor | undefined }, attrs?: A) => Tensor {
  const run = ownOp(spec);
  return (inputs, attrs) => run(inputs, attrs ?? ({} as A));
}
