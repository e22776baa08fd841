import { randomStream } from '@tapgrad/core';
import type { Sentences } from './examples.ts';

/** Token ids of sentences, filled up to the longest of them. */
export interface TokenBatch {
  /** `[batch, tokens]`, row after row; -1 beyond a sentence's own length. */
  readonly ids: Int32Array;
  /** Class of each sentence. `[batch]` */
  readonly classes: Int32Array;
  readonly tokens: number;
}

/** Sentences as token ids. */
export interface Tokenized {
  readonly ids: readonly (readonly number[])[];
  readonly classes: Int32Array;
}

/** Of WordNet's glosses one in a hundred is longer; what is beyond is cut. */
const longest = 64;

/** Token ids of a sentence. One without any token is a single unknown one, so that no row is empty. */
export function tokenIds(text: string, encode: (text: string) => readonly number[]): readonly number[] {
  const ids = encode(text).slice(0, longest);
  return ids.length > 0 ? ids : [0];
}

export function tokenize({ texts, classes }: Sentences, encode: (text: string) => readonly number[]): Tokenized {
  return { ids: texts.map((text) => tokenIds(text, encode)), classes };
}

// Batches are cut from pools of this many, sorted by length: padding is computed for nothing.
const pool = 16;

/**
 * `count` training batches in a seeded order, none twice within an epoch; what fills no whole batch
 * at an epoch's end is left out. Every method gets the same ones.
 */
export function trainingBatches(data: Tokenized, size: number, count: number, seed: number): TokenBatch[] {
  const batches: TokenBatch[] = [];
  const length = (index: number) => data.ids[index]!.length;
  for (let epoch = 0; batches.length < count; epoch++) {
    const order = randomStream(seed, 'order', epoch).permutation(data.ids.length);
    for (let start = 0; start < order.length && batches.length < count; start += pool * size) {
      const sorted = [...order.subarray(start, start + pool * size)].sort((a, b) => length(a) - length(b));
      const cuts = Math.max(1, Math.floor(sorted.length / size));
      const turns = randomStream(seed, 'batches', epoch, start).permutation(cuts);
      for (const turn of turns) batches.push(batchOf(data, sorted.slice(turn * size, (turn + 1) * size)));
    }
  }
  return batches.slice(0, count);
}

/** All sentences once, sorted by length; for evaluation. */
export function evaluationBatches(data: Tokenized, size: number): TokenBatch[] {
  const sorted = data.ids.map((_, index) => index).sort((a, b) => data.ids[a]!.length - data.ids[b]!.length);
  return Array.from({ length: Math.ceil(sorted.length / size) }, (_, index) =>
    batchOf(data, sorted.slice(index * size, (index + 1) * size)),
  );
}

function batchOf(data: Tokenized, rows: readonly number[]): TokenBatch {
  const tokens = Math.max(...rows.map((row) => data.ids[row]!.length));
  const ids = new Int32Array(rows.length * tokens).fill(-1);
  rows.forEach((row, index) => {
    ids.set(data.ids[row]!, index * tokens);
  });
  return { ids, tokens, classes: Int32Array.from(rows, (row) => data.classes[row]!) };
}
