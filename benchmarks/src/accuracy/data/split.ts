import { randomStream, TapgradError } from '@tapgrad/core';
import { type ImageSet, imagesAt } from './image-set.ts';

/**
 * Cuts images into disjoint parts in a seeded order, each with the same share of every class as far as whole images
 * allow. What is left belongs to no part.
 * @param counts images of each part
 * @throws TapgradError `DATASET_SIZE` where there are too few
 */
export function splitImages(images: ImageSet, counts: readonly number[], seed: number): ImageSet[] {
  const total = images.classes.length;
  const wanted = counts.reduce((sum, count) => sum + count, 0);
  if (wanted > total) {
    throw new TapgradError({
      code: 'DATASET_SIZE',
      message: `${wanted} images are asked for, there are ${total}`,
      fix: 'ask for fewer',
    });
  }
  const order = interleaved(images.classes, seed);
  let start = 0;
  return counts.map((count) => imagesAt(images, order.slice(start, (start += count))));
}

/** A seeded order in which every stretch holds the classes in their shares: rank within the class decides, then chance. */
function interleaved(classes: Uint8Array, seed: number): number[] {
  const totals = new Map<number, number>();
  for (const each of classes) totals.set(each, (totals.get(each) ?? 0) + 1);
  const seen = new Map<number, number>();
  const random = randomStream(seed, 'split');
  const placed = Array.from(random.permutation(classes.length), (image) => {
    const own = classes[image]!;
    const rank = seen.get(own) ?? 0;
    seen.set(own, rank + 1);
    return { image, place: (rank + random.next()) / totals.get(own)! };
  });
  return placed.sort((a, b) => a.place - b.place).map(({ image }) => image);
}
