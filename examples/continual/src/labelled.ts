import { createHash } from 'node:crypto';
import type { LabelledData } from '@tapgrad/train';
import { tensor2d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import type { Dataset, ImageSet, Images, Texts } from './data/dataset.ts';

/** Longer texts are cut; a text without tokens is a single unknown one, so that no row is empty. */
const longest = 24;
/** So many of the training texts are kept whole. */
const wholeShare = 0.9;

export interface Encoded {
  readonly train: LabelledData;
  readonly test: LabelledData;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

/** Texts as token ids `[texts, tokens]`, padded with -1. All batches have one width, so that memories can mix them. */
export function encodeTexts(
  { train, test }: { readonly train: Texts; readonly test: Texts },
  encode: (text: string) => readonly number[],
): Encoded {
  const ids = ({ texts }: Texts) =>
    texts.map((text) => {
      const tokens = encode(text).slice(0, longest);
      return tokens.length > 0 ? tokens : [0];
    });
  const trainIds = ids(train);
  const lengths = trainIds.map(({ length }) => length).sort((a, b) => a - b);
  const tokens = lengths[Math.ceil(wholeShare * lengths.length) - 1] as number;
  const cut = lengths.filter((length) => length > tokens).length;
  return {
    train: tokenData(trainIds, train.classes, tokens),
    test: tokenData(ids(test), test.classes, tokens),
    notes: cut > 0 ? [`texts are cut after ${tokens} tokens: ${cut} of ${lengths.length} are longer`] : [],
  };
}

function tokenData(ids: readonly (readonly number[])[], labels: Int32Array, tokens: number): LabelledData {
  return {
    size: ids.length,
    labels,
    rows(indices) {
      const values = new Int32Array(indices.length * tokens).fill(-1);
      indices.forEach((index, row) => {
        values.set((ids[index] as readonly number[]).slice(0, tokens), row * tokens);
      });
      return { inputs: tensor2d(values, [indices.length, tokens], 'int32') };
    },
  };
}

/** Images as floats `[images, height, width, channels]` from -1 to 1, made when their turn comes. */
export function encodeImages({ train, test, shape }: ImageSet): Encoded {
  const data = ({ pixels, classes }: Images): LabelledData => {
    const size = shape[0] * shape[1] * shape[2];
    return {
      size: classes.length,
      labels: classes,
      rows: (indices) => {
        const values = new Float32Array(indices.length * size);
        indices.forEach((index, row) => {
          for (let i = 0; i < size; i++) values[row * size + i] = (pixels[index * size + i] as number) / 127.5 - 1;
        });
        return { inputs: tidy(() => tensor4d(values, [indices.length, ...shape])) };
      },
    };
  };
  return { train: data(train), test: data(test), notes: [] };
}

/** The same for the same samples, labels and parts, in their order. */
export function fingerprint(dataset: Dataset): string {
  const hash = createHash('sha256').update(JSON.stringify(dataset.labels));
  if (dataset.kind === 'text') {
    for (const { texts, classes } of [dataset.train, dataset.test]) hash.update(JSON.stringify(texts)).update(classes);
  } else {
    for (const { pixels, classes } of [dataset.train, dataset.test]) hash.update(pixels).update(classes);
  }
  return hash.digest('hex').slice(0, 16);
}
