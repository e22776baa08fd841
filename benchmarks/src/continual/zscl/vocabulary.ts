import { type Tensor, tensor } from '@tensorflow/tfjs-core';

const longest = 4;

/** Words of the captions, in the order in which they are first met. */
export class Vocabulary {
  private readonly words = new Map<string, number>();

  constructor(texts: readonly string[]) {
    for (const word of texts.flatMap(wordsOf)) if (!this.words.has(word)) this.words.set(word, this.words.size);
  }

  get size(): number {
    return this.words.size;
  }

  /** Token ids `[texts, 4]`, padded with -1. */
  encode(texts: readonly string[]): Tensor {
    const ids = new Int32Array(texts.length * longest).fill(-1);
    for (const [row, text] of texts.entries()) {
      for (const [i, word] of wordsOf(text).entries()) ids[row * longest + i] = this.words.get(word) ?? -1;
    }
    return tensor(ids, [texts.length, longest], 'int32');
  }
}

/** Names such as "ankle boot" and "Food & Drink" are one word. */
function wordsOf(text: string): string[] {
  return text.split(' ').map((word) => word.replaceAll('_', ' '));
}
