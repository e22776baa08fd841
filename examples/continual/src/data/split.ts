import { randomStream, TapgradError } from '@tapgrad/core';

export interface SplitOptions {
  /** Names the data in errors. */
  readonly name: string;
  /** Most training and test samples of a class; all when absent. */
  readonly train?: number | undefined;
  readonly test?: number | undefined;
  readonly seed: number;
}

/** Which samples are learnt from, and which are kept to be judged on. */
export interface Split {
  readonly train: Int32Array;
  readonly test: Int32Array;
  /** Classes with a single sample, which is learnt from: none was left to judge them by. */
  readonly untested: readonly number[];
}

const testShare = 0.2;

/**
 * A seeded part of each class for the test, one sample in five and at least one; the rest trains. Both parts are shuffled.
 * The split of a class depends on the seed and the class alone, not on how many of its samples are used.
 * @param classes of each sample, numbers into `labels`
 * @throws TapgradError DATASET_INVALID where there is but one label
 */
export function split(classes: ArrayLike<number>, labels: readonly string[], options: SplitOptions): Split {
  checkLabels(labels, options.name);
  const byClass: number[][] = labels.map(() => []);
  for (let index = 0; index < classes.length; index++) byClass[classes[index] as number]?.push(index);
  const train: number[] = [];
  const test: number[] = [];
  const untested: number[] = [];
  byClass.forEach((samples, each) => {
    const order = randomStream(options.seed, 'split', each).permutation(samples.length);
    const shuffled = Array.from(order, (place) => samples[place] as number);
    const kept = samples.length < 2 ? 0 : Math.max(1, Math.floor(samples.length * testShare));
    if (kept === 0) untested.push(each);
    test.push(...shuffled.slice(0, Math.min(kept, options.test ?? kept)));
    train.push(...shuffled.slice(kept, kept + (options.train ?? shuffled.length)));
  });
  const mixed = (part: readonly number[], name: string) =>
    Int32Array.from(
      randomStream(options.seed, 'split', name).permutation(part.length),
      (place) => part[place] as number,
    );
  return { train: mixed(train, 'train'), test: mixed(test, 'test'), untested };
}

/** At most `most` samples of each class, in their order; all when absent. */
export function limited(classes: ArrayLike<number>, most: number | undefined): Int32Array {
  const taken = new Map<number, number>();
  const kept: number[] = [];
  for (let index = 0; index < classes.length; index++) {
    const each = classes[index] as number;
    const count = taken.get(each) ?? 0;
    if (count >= (most ?? Number.POSITIVE_INFINITY)) continue;
    taken.set(each, count + 1);
    kept.push(index);
  }
  return Int32Array.from(kept);
}

/** Throws DATASET_INVALID where there is nothing to tell apart. */
export function checkLabels(labels: readonly string[], name: string): void {
  if (labels.length >= 2) return;
  throw new TapgradError({
    code: 'DATASET_INVALID',
    message: `${name}: there must be samples of at least two labels, found ${labels.length === 0 ? 'none' : `only "${labels[0]}"`}`,
    fix: 'add samples of another label',
  });
}

/** Names for a message, not too many. */
export function list(names: readonly string[]): string {
  if (names.length <= 10) return names.join(', ');
  return `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;
}
