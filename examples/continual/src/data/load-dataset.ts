import { existsSync, statSync } from 'node:fs';
import { TapgradError } from '@tapgrad/core';
import { loadFashionMnist } from '../../../../benchmarks/src/accuracy/data/fashion-mnist.ts';
import { readWordNet } from '../../../supersenses/src/data/wordnet.ts';
import type { Dataset, ImageSet, TextSet } from './dataset.ts';
import { readImageFolder, untestedNote } from './image-folder.ts';
import { limited, type SplitOptions, split } from './split.ts';
import { type Example, readTsv } from './tsv.ts';

export interface DataOptions extends Omit<SplitOptions, 'name'> {
  /** "wordnet", "fashion", a TSV file or a folder of labelled images. */
  readonly data: string;
  /** Height and width of images of one's own, in pixels. */
  readonly size: number;
}

/** The samples that the options ask for. Throws TapgradError DATASET_MISSING, DATASET_INVALID, IMAGE_UNREADABLE. */
export function loadDataset({ data, ...options }: DataOptions): Dataset {
  if (data === 'wordnet') return texts(readWordNet(), { ...options, name: 'WordNet supersenses' });
  if (data === 'fashion') return fashion(options);
  if (existsSync(data) && statSync(data).isDirectory()) return readImageFolder(data, options);
  return texts(readTsv(data), { ...options, name: data });
}

function texts(examples: readonly Example[], options: SplitOptions): TextSet {
  // The same text on both sides of the split would be judged on what was learnt by heart.
  const distinct = [...new Map(examples.map((example) => [example.text, example])).values()];
  const labels = [...new Set(distinct.map(({ label }) => label))].sort();
  const numbers = new Map(labels.map((label, index) => [label, index]));
  const classes = distinct.map(({ label }) => numbers.get(label) as number);
  const parts = split(classes, labels, options);
  if (parts.test.length === 0) {
    throw new TapgradError({
      code: 'DATASET_INVALID',
      message: `${options.name}: no label has two different texts, so that none could be kept for the test`,
      fix: 'give more texts of each label',
    });
  }
  const read = (indices: Int32Array) => ({
    texts: Array.from(indices, (index) => (distinct[index] as Example).text),
    classes: indices.map((index) => classes[index] as number),
  });
  const repeated = examples.length - distinct.length;
  return {
    kind: 'text',
    name: options.name,
    labels,
    train: read(parts.train),
    test: read(parts.test),
    notes: [
      ...(repeated > 0
        ? [`used once: ${repeated} ${repeated === 1 ? 'line repeats' : 'lines repeat'} the text of another`]
        : []),
      ...untestedNote(parts.untested.map((each) => labels[each] as string)),
    ],
  };
}

function fashion({ train: mostTrain, test: mostTest }: Omit<DataOptions, 'data'>): ImageSet {
  const { train, test } = loadFashionMnist();
  const [height, width, channels] = train.shape;
  const cut = ({ pixels, classes }: typeof train, most: number | undefined) => {
    const rows = limited(classes, most);
    const size = height * width * channels;
    const kept = new Uint8Array(rows.length * size);
    rows.forEach((from, row) => {
      kept.set(pixels.subarray(from * size, (from + 1) * size), row * size);
    });
    return { pixels: kept, classes: rows.map((row) => classes[row] as number) };
  };
  return {
    kind: 'images',
    name: 'Fashion-MNIST',
    labels: train.labels,
    shape: train.shape,
    train: cut(train, mostTrain),
    test: cut(test, mostTest),
    notes: [],
  };
}
