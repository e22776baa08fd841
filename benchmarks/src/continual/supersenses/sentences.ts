import { randomStream } from '@tapgrad/core';
import type { Example } from '../../../../examples/supersenses/src/data/examples.ts';

/** Sentences of each supersense at most: to learn from, to choose options on, and to judge. The rarest have fewer. */
export const sentencesPerClass = { train: 60, validation: 10, test: 10 } as const;

/** What is beyond is cut; all inputs have one shape, so that a memory can keep them. */
export const tokens = 16;

/** Fills up, as the sentence encoder expects it. */
const padding = -1;

// The same sentences for all seeds, which decide the classifier's weights and the order of classes and sentences.
const splitSeed = 12;

export interface TokenTable {
  /** `[sentences, tokens]`, row after row. */
  readonly ids: Int32Array;
  /** Place of each sentence's label in the labels. */
  readonly labels: Int32Array;
}

type Part = keyof typeof sentencesPerClass;

/** Distinct sentences of every label in a seeded order, in three parts without a sentence in common. */
export function pickSentences(
  examples: readonly Example[],
  labels: readonly string[],
  counts: Readonly<Record<Part, number>> = sentencesPerClass,
): Readonly<Record<Part, Example[]>> {
  const distinct = [...new Map(examples.map((example) => [example.text, example])).values()];
  const parts: Record<Part, Example[]> = { train: [], validation: [], test: [] };
  for (const label of labels) {
    const own = distinct.filter((example) => example.label === label);
    const order = randomStream(splitSeed, 'sentences', label).permutation(own.length);
    const shuffled = Array.from(order, (index) => own[index]!);
    // A rare class keeps most of its sentences to learn from.
    const most = Math.floor(own.length / 6);
    parts.test.push(...shuffled.splice(0, Math.min(counts.test, most)));
    parts.validation.push(...shuffled.splice(0, Math.min(counts.validation, most)));
    parts.train.push(...shuffled.slice(0, counts.train));
  }
  return parts;
}

/** Token ids of sentences; one without any is a single unknown one. */
export function tokenTable(
  sentences: readonly Example[],
  labels: readonly string[],
  encode: (text: string) => readonly number[],
): TokenTable {
  const ids = new Int32Array(sentences.length * tokens).fill(padding);
  sentences.forEach(({ text }, row) => {
    const own = encode(text).slice(0, tokens);
    ids.set(own.length > 0 ? own : [0], row * tokens);
  });
  return { ids, labels: Int32Array.from(sentences, ({ label }) => labels.indexOf(label)) };
}
