/** Texts, or images as bytes, with the class of each: a number into the labels of their data set. */
export interface Texts {
  readonly texts: readonly string[];
  readonly classes: Int32Array;
}

export interface Images {
  /** `[images, height, width, channels]`, row after row, 0 to 255. */
  readonly pixels: Uint8Array;
  readonly classes: Int32Array;
}

interface Named {
  /** As the person named it. */
  readonly name: string;
  readonly labels: readonly string[];
  /** What was left out, and why: lines for the person who runs the program. */
  readonly notes: readonly string[];
}

export interface TextSet extends Named {
  readonly kind: 'text';
  readonly train: Texts;
  readonly test: Texts;
}

export interface ImageSet extends Named {
  readonly kind: 'images';
  /** Height, width and channels of every image. */
  readonly shape: readonly [height: number, width: number, channels: number];
  readonly train: Images;
  readonly test: Images;
}

/** Labelled samples to learn from and to be judged on. */
export type Dataset = TextSet | ImageSet;
