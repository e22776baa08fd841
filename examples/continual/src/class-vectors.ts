import { type ClassVectors, encodeClassNames } from '@tapgrad/continual';
import { loadSentenceEncoder } from '@tapgrad/nn';

/** Vectors of what labels mean, by the pretrained sentence encoder: `noun.animal` and `ankle_boot` are read as words. */
export async function classVectors(labels: readonly string[]): Promise<ClassVectors> {
  const encoder = await loadSentenceEncoder();
  try {
    const words = labels.map((label) => label.replaceAll(/[._-]+/g, ' '));
    const vectors = await encodeClassNames(encoder, words);
    return new Map(labels.map((label, index) => [label, vectors.get(words[index] as string) ?? []]));
  } finally {
    encoder.dispose();
  }
}
