import { randomStream } from '@tapgrad/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { ImageSet } from '../../accuracy/data/image-set.ts';
import { type StyleName, show, side, size } from './styles.ts';

/** Small grey pictures with the word for what they show, and the style they are shown in. */
export interface Pictures {
  /** `[count, 196]`, -1 to 1. */
  readonly pixels: Float32Array;
  readonly words: readonly string[];
  readonly styles: readonly StyleName[];
}

/** Shows each image in the style that `styleOf` says; images of other sizes and colours become grey ones of 14 x 14. */
export function pictures(
  set: ImageSet,
  { seed, styleOf }: { readonly seed: number; readonly styleOf: (index: number) => StyleName },
): Pictures {
  const count = set.classes.length;
  const pixels = new Float32Array(count * size);
  const styles = Array.from({ length: count }, (_, index) => styleOf(index));
  for (const [index, style] of styles.entries()) {
    const into = pixels.subarray(index * size, (index + 1) * size);
    show(shrunk(set, index), style, randomStream(seed, 'style', index), into);
  }
  return { pixels, styles, words: Array.from(set.classes, (each) => wordOf(set.labels[each] as string)) };
}

export function joined(...parts: readonly Pictures[]): Pictures {
  const pixels = new Float32Array(parts.reduce((sum, each) => sum + each.pixels.length, 0));
  let start = 0;
  for (const each of parts) {
    pixels.set(each.pixels, start);
    start += each.pixels.length;
  }
  return { pixels, words: parts.flatMap(({ words }) => words), styles: parts.flatMap((each) => each.styles) };
}

/** Some of them as a tensor `[rows, 196]`. */
export function rowsOf({ pixels }: Pictures, rows: ArrayLike<number>): Tensor {
  const values = new Float32Array(rows.length * size);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    values.set(pixels.subarray(row * size, (row + 1) * size), i * size);
  }
  return tensor(values, [rows.length, size]);
}

/** A label as one word of a caption. */
export function wordOf(label: string): string {
  return label.replaceAll(' ', '_');
}

/** Mean over windows and channels, 0 to 1. Sides that 14 does not divide lose their edge. */
function shrunk({ pixels, shape: [height, width, channels] }: ImageSet, index: number): Float32Array {
  const window = Math.floor(height / side);
  const edge = Math.floor((height - window * side) / 2);
  const from = index * height * width * channels;
  const made = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const [top, left] = [Math.floor(i / side) * window + edge, (i % side) * window + edge];
    let sum = 0;
    for (let row = top; row < top + window; row++) {
      for (let column = left; column < left + window; column++) {
        const pixel = from + (row * width + column) * channels;
        for (let channel = 0; channel < channels; channel++) sum += pixels[pixel + channel] as number;
      }
    }
    made[i] = sum / (255 * window * window * channels);
  }
  return made;
}
