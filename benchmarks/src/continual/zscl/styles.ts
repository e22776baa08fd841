import type { RandomStream } from '@tapgrad/core';

/** Side of the images that the towers see, in pixels. */
export const side = 14;
/** Values of one. */
export const size = side * side;

type Style = (at: (row: number, column: number) => number, row: number, column: number, random: RandomStream) => number;

/** Ways in which an image, 0 to 1, may be shown. */
export const styles = {
  plain: (at, row, column) => at(row, column),
  inverted: (at, row, column) => 1 - at(row, column),
  turned: (at, row, column) => at(side - 1 - column, row),
  hanging: (at, row, column) => at(side - 1 - row, column),
  striped: (at, row, column) => (row % 2 === 0 ? at(row, column) : 0.5),
  noisy: (at, row, column, random) => 0.6 * at(row, column) + 0.4 * random.next(),
} as const satisfies Record<string, Style>;

export type StyleName = keyof typeof styles;
export const styleNames = Object.keys(styles) as StyleName[];

/** Writes an image `[14, 14]` in a style, from -1 to 1. */
export function show(image: Float32Array, style: StyleName, random: RandomStream, into: Float32Array): void {
  const at = (row: number, column: number) => image[row * side + column] as number;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      into[row * side + column] = 2 * styles[style](at, row, column, random) - 1;
    }
  }
}
