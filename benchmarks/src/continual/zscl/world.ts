import { randomStream } from '@tapgrad/core';
import { loadEmoji } from '../../accuracy/data/emoji.ts';
import { loadFashionMnist } from '../../accuracy/data/fashion-mnist.ts';
import { type ImageSet, withClasses } from '../../accuracy/data/image-set.ts';
import { splitImages } from '../../accuracy/data/split.ts';
import { joined, type Pictures, pictures, wordOf } from './pictures.ts';
import { type StyleName, styleNames } from './styles.ts';
import { Vocabulary } from './vocabulary.ts';

/** One task: pictures of one style (of emoji: as they are), told from each other by a prompt a class. */
export interface PictureTask {
  readonly name: string;
  /** Words of its classes, in the order of their labels. */
  readonly classes: readonly string[];
  readonly train: Pictures;
  readonly test: Pictures;
}

/** Pictures and captions of our own making. Its four parts have no picture in common. */
export interface World {
  readonly vocabulary: Vocabulary;
  /** With captions, to pretrain on. */
  readonly pretraining: Pictures;
  /** Without: no task's, no caption's. */
  readonly reference: Pictures;
  /** Sentences without pictures. */
  readonly sentences: readonly string[];
  readonly tasks: readonly PictureTask[];
}

export const sizes = { pretraining: 8000, reference: 1500, train: 600, test: 400 } as const;
export const emojiSizes = { pretraining: 700, reference: 150, train: 400, test: 386 } as const;
/** Pretraining shows every style but most pictures plainly. */
const plainShare = 0.6;
const styled: readonly [StyleName, readonly number[]][] = [
  ['inverted', [0, 1, 2, 3, 4]],
  ['turned', [5, 6, 7, 8, 9]],
  ['hanging', [0, 1, 2, 3, 4]],
  ['noisy', [5, 6, 7, 8, 9]],
];
const splitSeed = 41;

/** The same parts for all seeds; the seed decides styles and the order of the tasks. */
export function makeWorld(seed: number): World {
  const { train: fashion, test: judged } = loadFashionMnist();
  const perTask = sizes.train * 2;
  const parts = splitImages(fashion, [sizes.pretraining, sizes.reference, ...styled.map(() => perTask)], splitSeed);
  const tests = splitImages(
    judged,
    styled.map(() => sizes.test * 2),
    splitSeed,
  );
  const emoji = splitImages(loadEmoji(), Object.values(emojiSizes), splitSeed);
  const [pretraining, reference, ...training] = parts as [ImageSet, ImageSet, ...ImageSet[]];
  const [emojiPretraining, emojiReference, emojiTrain, emojiTest] = emoji as [ImageSet, ImageSet, ImageSet, ImageSet];
  const plain = { seed, styleOf: () => 'plain' as const };
  const tasks: PictureTask[] = styled.map(([style, classes], i) => {
    const shown = (set: ImageSet) => pictures(withClasses(set, classes), { seed, styleOf: () => style });
    return {
      name: `${style} ${classes[0] === 0 ? 'tops' : 'shoes and bags'}`,
      classes: classes.map((each) => wordOf(fashion.labels[each] as string)),
      train: shown(training[i] as ImageSet),
      test: shown(tests[i] as ImageSet),
    };
  });
  tasks.push({
    name: 'emoji',
    classes: emojiTrain.labels.map(wordOf),
    train: pictures(emojiTrain, plain),
    test: pictures(emojiTest, plain),
  });
  const order = randomStream(seed, 'order of tasks').permutation(tasks.length);
  const words = tasks.flatMap(({ classes }) => classes);
  const sentences = sentencesOf([...new Set(words)]);
  return {
    vocabulary: new Vocabulary(sentences),
    pretraining: joined(pictures(pretraining, anyStyle(seed, 0)), pictures(emojiPretraining, plain)),
    reference: joined(pictures(reference, anyStyle(seed, 1)), pictures(emojiReference, plain)),
    sentences,
    tasks: Array.from(order, (task) => tasks[task] as PictureTask),
  };
}

/** A caption as pretraining has it: it may leave out the style or the thing. */
export function captionOf(word: string, style: StyleName, draw: number): string {
  if (draw < 0.6) return `a ${style} ${word}`;
  return draw < 0.9 ? promptOf(word) : `a ${style} thing`;
}

/** What a class is asked for with. */
export function promptOf(word: string): string {
  return `a ${word}`;
}

function sentencesOf(words: readonly string[]): string[] {
  const all = words.flatMap((word) => [promptOf(word), ...styleNames.map((style) => `a ${style} ${word}`)]);
  return [...all, ...styleNames.map((style) => `a ${style} thing`)];
}

function anyStyle(seed: number, part: number) {
  const random = randomStream(seed, 'styles', part);
  const draw = (): StyleName =>
    random.next() < plainShare ? 'plain' : (styleNames[1 + random.integer(styleNames.length - 1)] as StyleName);
  return { seed: seed + 1000 * (part + 1), styleOf: draw };
}
