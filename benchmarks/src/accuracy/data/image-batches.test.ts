import type { Batch } from '@tapgrad/core';
import { dispose, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type ImageBatchOptions, imageBatches } from './image-batches.ts';
import type { ImageSet } from './image-set.ts';

/** Five images of 2 x 3 pixels; pixel values are 10 times the image's number, plus the pixel's. */
const images: ImageSet = {
  pixels: Uint8Array.from({ length: 30 }, (_, i) => 10 * Math.floor(i / 6) + (i % 6)),
  classes: Uint8Array.from([0, 1, 2, 3, 4]),
  shape: [2, 3, 1],
  labels: [],
};
const bytes = { mean: 0, deviation: 1 / 255 };

function read(options: Partial<ImageBatchOptions>, epoch = 0, from = 0): { inputs: number[][]; classes: number[] }[] {
  const source = imageBatches(images, { batchSize: 2, scale: bytes, ...options });
  return [...(source.batches(epoch, from) as Iterable<Batch>)].map(({ inputs, targets }) => {
    const rows = reshape(inputs as Tensor, [-1, 6]);
    const values = (rows.arraySync() as number[][]).map((row) => row.map(Math.round));
    const classes = [...(targets as Tensor).dataSync()];
    dispose([inputs as Tensor, targets as Tensor, rows]);
    return { inputs: values, classes };
  });
}

describe('batches of images', () => {
  it('without a seed hold every image once, in order and unchanged', () => {
    const batches = read({});
    expect(batches.map(({ classes }) => classes)).toEqual([[0, 1], [2, 3], [4]]);
    expect(batches[2]!.inputs).toEqual([[40, 41, 42, 43, 44, 45]]);
  });

  it('with a seed differ between epochs, repeat, and can be had from the middle', () => {
    const all = read({ seed: 1, shift: 1 }, 3);
    expect(all).toHaveLength(2);
    expect(read({ seed: 1, shift: 1 }, 3)).toEqual(all);
    expect(read({ seed: 1, shift: 1 }, 3, 1)).toEqual(all.slice(1));
    expect([4, 5, 6].map((epoch) => read({ seed: 1, shift: 1 }, epoch))).not.toContainEqual(all);
  });

  it('are moved by whole pixels, zeros coming in, and mirrored or not', () => {
    const rows = [0, 1];
    const columns = [0, 1, 2];
    const moves = [-1, 0, 1].flatMap((down) =>
      [-1, 0, 1].flatMap((right) => [false, true].map((mirrored) => ({ down, right, mirrored }))),
    );
    const moved = (image: number) =>
      moves.map(({ down, right, mirrored }) =>
        rows.flatMap((y) =>
          columns.map((x) => {
            const [fromY, fromX] = [y - down, x - right];
            const inside = rows.includes(fromY) && columns.includes(fromX);
            return inside ? 10 * image + 3 * fromY + (mirrored ? 2 - fromX : fromX) : 0;
          }),
        ),
      );
    const seen = new Set<string>();
    for (let epoch = 0; epoch < 12; epoch++) {
      for (const { inputs, classes } of read({ seed: 2, shift: 1 }, epoch)) {
        inputs.forEach((pixels, row) => {
          expect(moved(classes[row]!)).toContainEqual(pixels);
          seen.add(String(pixels.map((value) => value > 0)));
        });
      }
    }
    expect(seen.size).toBeGreaterThan(4);
  });
});
