import { describe, expect, it } from 'vitest';
import { type ImageSet, withClasses } from './image-set.ts';
import { splitImages } from './split.ts';

/** One pixel an image, its number: a part says which images it holds. Class 0 is half of all. */
const images: ImageSet = {
  pixels: Uint8Array.from({ length: 120 }, (_, image) => image),
  classes: Uint8Array.from({ length: 120 }, (_, image) => [0, 1, 0, 2][image % 4]!),
  shape: [1, 1, 1],
  labels: ['half', 'quarter', 'other quarter'],
};
const numbers = (part: ImageSet) => [...part.pixels];

describe('a split', () => {
  it('has disjoint parts of the asked sizes, the same for the same seed', () => {
    const [first, second] = splitImages(images, [40, 60], 3) as [ImageSet, ImageSet];
    expect(new Set([...numbers(first), ...numbers(second)]).size).toBe(100);
    expect(splitImages(images, [40, 60], 3).map(numbers)).toEqual([first, second].map(numbers));
    expect(splitImages(images, [40, 60], 4).map(numbers)).not.toEqual([first, second].map(numbers));
    numbers(first).forEach((image, row) => {
      expect(first.classes[row]).toBe(images.classes[image]);
    });
  });

  it('gives each part every class in its share', () => {
    for (const part of splitImages(images, [40, 40, 40], 1)) {
      const counts = [0, 1, 2].map((each) => part.classes.filter((own) => own === each).length);
      expect(Math.max(...counts.map((count, each) => Math.abs(count - [20, 10, 10][each]!)))).toBeLessThanOrEqual(1);
    }
  });

  it('of more images than there are is refused', () => {
    expect(() => splitImages(images, [100, 21], 1)).toThrow(expect.objectContaining({ code: 'DATASET_SIZE' }));
  });
});

describe('images of some classes', () => {
  it('are numbered in the order asked for', () => {
    const kept = withClasses(images, [2, 1]);
    expect(kept.labels).toEqual(['other quarter', 'quarter']);
    expect(kept.classes).toHaveLength(60);
    numbers(kept).forEach((image, row) => {
      expect(kept.classes[row]).toBe(image % 4 === 3 ? 0 : 1);
    });
  });
});
