import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { useWasm } from '@tapgrad/backend-wasm';
import { classVectorsJson, encodeClassNames } from '@tapgrad/continual';
import { loadSentenceEncoder } from '@tapgrad/nn';
import { loadFashionMnist } from '../../accuracy/data/fashion-mnist.ts';

/** From the repository's root. */
export const classVectorsFile = 'benchmarks/data/fashion-class-vectors.json';

/**
 * Writes the vector of each class name of Fashion-MNIST by the Universal Sentence Encoder lite. Bare names: with "a photo
 * of" before them, shirt and T-shirt have a cosine of 0.89 instead of 0.68.
 */
export async function writeClassVectors(out: string): Promise<void> {
  const names = loadFashionMnist().train.labels;
  await useWasm();
  const encoder = await loadSentenceEncoder();
  const vectors = await encodeClassNames(encoder, names);
  encoder.dispose();
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `${classVectorsJson(vectors)}\n`);
  console.log(`vectors of ${names.length} class names by the Universal Sentence Encoder lite written to ${out}`);
}

/** What `lingoCL` reads. */
export function classVectors(file = classVectorsFile): string {
  return readFileSync(file, 'utf8');
}
