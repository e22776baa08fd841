import { matMul, mul, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { scoped } from '../engine-seam.ts';
import { sumTo } from '../rules/broadcast.ts';
import { mergeHeads, splitHeads } from './attention-scores.ts';
import { inSteps } from './own-op.ts';

interface MapGradients {
  readonly dy: Tensor;
  readonly heads: number;
  readonly scale: number;
  /** Shape of the mask, if there is one. */
  readonly mask: number[];
  readonly saved: Readonly<Record<'q' | 'k' | 'v', Tensor>>;
  /** The probabilities; read where they are used, so that from a packed slot, say, they outlive each single step. */
  readonly map: () => Tensor;
}

/** Gradients of attention from its map `[batch, heads, queries, keys]`, composed of tfjs ops. */
export function fromMap({ dy, heads, scale, mask, saved, map }: MapGradients) {
  const dContext = splitHeads(dy, heads);
  // Each map is let go as soon as the next is made: there are never more than two of them beside the probabilities.
  const dScores = () => {
    const probabilities = map();
    return inSteps(
      dContext,
      (dy) => matMul(dy, splitHeads(saved.v, heads), false, true),
      (dProbabilities) =>
        sub(
          dProbabilities,
          scoped(() => sum(mul(dProbabilities, probabilities), -1, true)),
        ),
      (centred) => mul(probabilities, centred),
    );
  };
  return {
    v: () => mergeHeads(matMul(map(), dContext, true, false)),
    q: () => mul(mergeHeads(matMul(dScores(), splitHeads(saved.k, heads))), scale),
    k: () => mul(mergeHeads(matMul(dScores(), splitHeads(saved.q, heads), true, false)), scale),
    mask: () => sumTo(dScores(), mask),
  };
}
