import type { RandomStream } from '@tapgrad/core';

/**
 * Reservoir sampling (Vitter 1985, algorithm R): the place of item `index` of a stream (from 0) in a memory of `size`, so that
 * each item so far is in it with the same probability; undefined if it is not kept.
 */
export function reservoirPlace(index: number, size: number, random: RandomStream): number | undefined {
  if (index < size) return index;
  const place = random.integer(index + 1);
  return place < size ? place : undefined;
}

/** `count` of the numbers 0 … total − 1, each once, in random order; all if there are fewer. */
export function choose(total: number, count: number, random: RandomStream): number[] {
  return [...random.permutation(total).subarray(0, Math.min(count, total))];
}

/**
 * Herding (Welling 2009; iCaRL, Rebuffi et al. 2017, algorithm 4): which samples, in which order, so that the mean of the first k
 * is as near to the mean of all as one more sample can bring it, for every k.
 * @param features one vector a sample; they are brought to length 1 first, as iCaRL does
 */
export function herdingOrder(features: readonly ArrayLike<number>[], count: number): number[] {
  const unit = features.map(normalized);
  const width = unit[0]?.length ?? 0;
  const mean = meanOf(unit, width);
  const sum = new Float64Array(width);
  const chosen: number[] = [];
  const left = new Set(unit.keys());
  while (chosen.length < Math.min(count, unit.length)) {
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (const candidate of left) {
      const vector = unit[candidate] as Float64Array;
      let distance = 0;
      for (let i = 0; i < width; i++) {
        distance += ((mean[i] as number) - ((sum[i] as number) + (vector[i] as number)) / (chosen.length + 1)) ** 2;
      }
      if (distance < least) [best, least] = [candidate, distance];
    }
    // Features that are no numbers are near to nothing: take them as they come.
    if (best < 0) best = left.values().next().value as number;
    left.delete(best);
    chosen.push(best);
    for (let i = 0; i < width; i++) sum[i] = (sum[i] as number) + (unit[best]?.[i] as number);
  }
  return chosen;
}

function meanOf(vectors: readonly Float64Array[], width: number): Float64Array {
  const mean = new Float64Array(width);
  for (const vector of vectors) for (let i = 0; i < width; i++) mean[i] = (mean[i] as number) + (vector[i] as number);
  return mean.map((value) => value / vectors.length);
}

/** Of length 1; a vector of zeros stays one. */
function normalized(vector: ArrayLike<number>): Float64Array {
  let square = 0;
  for (let i = 0; i < vector.length; i++) square += (vector[i] as number) ** 2;
  const length = Math.sqrt(square) || 1;
  return Float64Array.from(vector, (value) => value / length);
}
