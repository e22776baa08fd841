/** A weight or image table on its way to another process. */
export interface PlainTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What the program without tapgrad is given: the same weights, images and order of images as tapgrad. */
export interface PlainTask {
  /** Initial weights of the network 784-400-400-10 by tapgrad's names, `[in, out]`. */
  readonly weights: Readonly<Record<string, PlainTensor>>;
  /** `[images, 784]` */
  readonly train: PlainTensor;
  /** Output column of each training image. */
  readonly trainLabels: Int32Array;
  /** Test images of each task, and their output columns. */
  readonly test: readonly { readonly images: PlainTensor; readonly labels: Int32Array }[];
  /** Numbers of the training images of every update of every task, in order. */
  readonly order: readonly (readonly Int32Array[])[];
  readonly learningRate: number;
  /** Experience replay. */
  readonly replay?: PlainReplay;
}

export type PlainReplay =
  /** From a memory of its own. */
  | { readonly capacity: number; readonly draw: number; readonly seed: number }
  /** The images that tapgrad drew, update by update: every loss must then be the same. */
  | { readonly drawn: readonly (readonly Int32Array[])[] };

export interface PlainResult {
  /** Before each update. */
  readonly losses: readonly number[];
  /** `matrix[j][i]`: accuracy on task i after task j. */
  readonly matrix: readonly (readonly number[])[];
}
