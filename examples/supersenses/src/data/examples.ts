import { randomStream } from '@tapgrad/core';
import { UserError } from '../user-error.ts';

/** One labelled sentence. */
export interface Example {
  readonly text: string;
  readonly label: string;
}

/** Sentences to learn from and to be judged on. Labels are class numbers into `labels`. */
export interface Task {
  readonly name: string;
  readonly labels: readonly string[];
  readonly train: Sentences;
  readonly test: Sentences;
}

export interface Sentences {
  readonly texts: readonly string[];
  readonly classes: Int32Array;
}

export interface TaskOptions {
  readonly name: string;
  /** Most training and test sentences to use. */
  readonly trainSize: number;
  readonly testSize: number;
  /** Judge on these instead of on a part of `examples`. */
  readonly testExamples?: readonly Example[];
}

// The split does not move with `--seed`: runs of different seeds are judged on the same sentences.
const splitSeed = 4522;
const testShare = 0.2;

/** Splits, shuffles and subsamples, the same way on every machine. Throws `UserError` where nothing could be learnt. */
export function makeTask(examples: readonly Example[], { name, trainSize, testSize, testExamples }: TaskOptions): Task {
  const distinct = withoutRepeats(examples);
  const order = randomStream(splitSeed, 'split').permutation(distinct.length);
  const shuffled = Array.from(order, (index) => distinct[index]!);
  const reserved = testExamples ? 0 : Math.min(testSize, Math.floor(distinct.length * testShare));
  const train = shuffled.slice(reserved, reserved + trainSize);
  const labels = [...new Set(train.map(({ label }) => label))].sort();
  if (labels.length < 2)
    throw new UserError(`${name}: there must be sentences of at least two labels, found ${labels.length}`);
  const known = new Set(labels);
  // A class that training never shows cannot be predicted; a rare one may fall whole into the test part.
  const test = testExamples?.slice(0, testSize) ?? shuffled.slice(0, reserved).filter(({ label }) => known.has(label));
  const stranger = test.find(({ label }) => !known.has(label));
  if (stranger)
    throw new UserError(
      `${name}: unknown label "${stranger.label}" in the test data; the training data has ${list(labels)}`,
    );
  if (test.length === 0)
    throw new UserError(`${name}: ${distinct.length} different sentences are too few to keep any for the test`);
  return { name, labels, train: numbered(train, labels), test: numbered(test, labels) };
}

/** Accuracy of always answering the commonest class of the training sentences. */
export function majorityAccuracy({ train, test, labels }: Task): number {
  const counts = labels.map(() => 0);
  for (const label of train.classes) counts[label]!++;
  const commonest = counts.indexOf(Math.max(...counts));
  return test.classes.filter((label) => label === commonest).length / test.classes.length;
}

/** Names for an error message, not too many. */
export function list(labels: readonly string[]): string {
  const shown = labels.slice(0, 8).join(', ');
  return labels.length > 8 ? `${shown} and ${labels.length - 8} more` : shown;
}

// The same sentence on both sides of the split would be judged on what was learnt by heart.
function withoutRepeats(examples: readonly Example[]): readonly Example[] {
  return [...new Map(examples.map((example) => [example.text, example])).values()];
}

function numbered(examples: readonly Example[], labels: readonly string[]): Sentences {
  const numbers = new Map(labels.map((label, index) => [label, index]));
  return {
    texts: examples.map(({ text }) => text),
    classes: Int32Array.from(examples, ({ label }) => numbers.get(label)!),
  };
}
