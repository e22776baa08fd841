import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Module, randomStream, TapgradError } from '@tapgrad/core';
import { loadSentenceEncoder, type SentenceEncoder, TextEncoder } from '@tapgrad/nn';
import { folderSource } from '@tapgrad/nn/node';
import type { Tensor } from '@tensorflow/tfjs-core';
import { UserError } from './user-error.ts';

/** A model that gives logits `[batch, classes]` for token ids `[batch, tokens]`, padded with -1, and its tokenizer. */
export interface TextClassifier {
  readonly model: Module<[ids: Tensor]>;
  encode(text: string): readonly number[];
}

/**
 * A sentence encoder with a new classifier of `classes` classes, by built-in name or from the folder of a model.
 * @throws UserError for a folder that is none, or holds no such model
 */
export async function loadModel(name: string, classes: number, seed: number): Promise<TextClassifier> {
  const random = randomStream(seed, 'model');
  if (name === 'tiny') return tiny(classes, seed);
  if (name === 'use-lite') return withTokenizer(await loadSentenceEncoder({ classes, random }));
  if (!existsSync(name) || !statSync(name).isDirectory()) {
    throw new UserError(`no such model: ${name}; give "use-lite", "tiny" or a folder with a tfjs model`);
  }
  for (const file of ['model.json', 'vocab.json']) {
    if (!existsSync(join(name, file))) throw new UserError(`${name} holds no ${file}`);
  }
  try {
    return withTokenizer(await loadSentenceEncoder({ from: folderSource(name), classes, random }));
  } catch (error) {
    if (error instanceof TapgradError) throw new UserError(`${name} could not be loaded: ${error.message}`);
    throw error;
  }
}

function withTokenizer(model: SentenceEncoder): TextClassifier {
  return { model, encode: (text) => model.tokenizer!.encode(text) };
}

const tinyVocabulary = 4096;

/** Random weights and a vocabulary by hash: nothing to load, so that the program can be tried in seconds. */
function tiny(classes: number, seed: number): TextClassifier {
  const random = randomStream(seed, 'tiny');
  const model = new TextEncoder({
    vocabularySize: tinyVocabulary,
    width: 64,
    heads: 4,
    layers: 2,
    maxTokens: 128,
    classes,
    random,
  });
  return {
    model,
    encode: (text) =>
      text
        .toLowerCase()
        .split(/[^\p{L}\p{N}]+/u)
        .filter(Boolean)
        .map(hash),
  };
}

/** FNV-1a, reduced to the vocabulary. */
function hash(word: string): number {
  let value = 0x811c9dc5;
  for (const character of word) value = Math.imul(value ^ character.codePointAt(0)!, 0x01000193);
  return (value >>> 0) % tinyVocabulary;
}
