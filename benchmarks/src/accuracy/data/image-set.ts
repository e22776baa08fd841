/** Images of one size with their classes, as bytes: 60,000 of 28 x 28 are 47 MB, as floats they would be 188. */
export interface ImageSet {
  /** `[count, height, width, channels]`, row after row, 0 to 255. */
  readonly pixels: Uint8Array;
  /** Class of each image. `[count]` */
  readonly classes: Uint8Array;
  /** `[height, width, channels]` */
  readonly shape: readonly [height: number, width: number, channels: number];
  /** Names by class number. */
  readonly labels: readonly string[];
}

/** The images with these numbers, in their order. */
export function imagesAt({ pixels, classes, shape, labels }: ImageSet, indices: ArrayLike<number>): ImageSet {
  const size = shape[0] * shape[1] * shape[2];
  const chosen = new Uint8Array(indices.length * size);
  for (let row = 0; row < indices.length; row++) {
    const from = indices[row]! * size;
    chosen.set(pixels.subarray(from, from + size), row * size);
  }
  return { pixels: chosen, classes: Uint8Array.from(indices, (index) => classes[index]!), shape, labels };
}

/** Only the images of some classes, which are numbered anew in the order given. */
export function withClasses(images: ImageSet, kept: readonly number[]): ImageSet {
  const rows: number[] = [];
  images.classes.forEach((each, row) => {
    if (kept.includes(each)) rows.push(row);
  });
  const found = imagesAt(images, rows);
  return {
    ...found,
    classes: found.classes.map((each) => kept.indexOf(each)),
    labels: kept.map((each) => images.labels[each]!),
  };
}
