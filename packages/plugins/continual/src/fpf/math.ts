import { abs, add, div, mean, mul, slice, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Sum of the absolute changes of a group's tensors over the number of its scalars, a scalar tensor: `‖θ' − θ‖₁ / |θ|`.
 * It is no relative change: scaling the group scales it.
 */
export function meanChange(before: readonly Tensor[], after: readonly Tensor[]): Tensor {
  const size = before.reduce((count, each) => count + each.size, 0);
  const total = before.map((each, i) => sum(abs(sub(after[i] as Tensor, each)))).reduce((a, b) => add(a, b));
  return mul(total, 1 / size);
}

/**
 * After which updates, counted from 1, `phases` phases begin in a run of `total` updates: number i of k behind update
 * i · total / k, rounded to the nearest, halves up. Fewer updates than phases: one phase behind each update.
 */
export function phaseUpdates(total: number, phases: number): number[] {
  const updates = Array.from({ length: phases }, (_, i) => Math.round(((i + 1) * total) / phases));
  return [...new Set(updates)].filter((update) => update > 0);
}

/**
 * Mean squared difference over all elements between logits `[batch, classes]` and those that were kept, `[batch, fewer]`:
 * classes that came later have none. Where samples have different numbers of them, `mask` is 1 where there is one.
 */
export function logitMatching(logits: Tensor, kept: Tensor, mask?: Tensor): Tensor {
  const [batch = 0, classes = 0] = kept.shape;
  const now = logits.shape[1] === classes ? logits : slice(logits, [0, 0], [batch, classes]);
  const squares = square(sub(now, kept));
  return mask ? div(sum(mul(squares, mask)), sum(mask)) : mean(squares);
}

/** Names in descending order of their score: those above the threshold, or the largest share, at least one. Ties as given. */
export function highest(
  scores: Readonly<Record<string, number>>,
  by: { readonly threshold: number } | { readonly topFraction: number },
): string[] {
  const ranked = Object.entries(scores).sort(([, a], [, b]) => b - a);
  const count =
    'threshold' in by
      ? ranked.filter(([, score]) => score > by.threshold).length
      : Math.max(1, Math.round(by.topFraction * ranked.length));
  return ranked.slice(0, count).map(([name]) => name);
}
