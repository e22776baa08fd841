import { randomStream } from '@tapgrad/core';
import { memory, range, reshape, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { composeAugmentations, type ImageAugmentation, randomCrop, randomFlip } from './augmentations.ts';

/** Pixels with two channels, numbered from 1. */
const images = (batch = 3, height = 3, width = 4) =>
  tidy(() => reshape(range(1, 1 + 2 * batch * height * width), [batch, height, width, 2]));

type Pixels = number[][][][];

function view(augment: ImageAugmentation, given: () => Tensor = images, seed = 1): Pixels {
  return tidy(() => augment(given(), randomStream(seed, 'view')).arraySync() as Pixels);
}

const original = () => tidy(() => images().arraySync() as Pixels);

describe('a random crop', () => {
  it('without padding is the image itself', () => {
    expect(view(randomCrop())).toEqual(original());
  });

  it('is a rectangle of the padded image, at a place of its own in each', () => {
    const cropped = view(randomCrop({ padding: 2 }), () => images(40));
    const whole = tidy(() => images(40).arraySync() as Pixels);
    const offsets = cropped.map((image, i) => {
      for (let top = -2; top <= 2; top++) {
        for (let left = -2; left <= 2; left++) {
          const expected = image.map((row, y) => row.map((_, x) => whole[i]?.[y + top]?.[x + left] ?? [0, 0]));
          if (JSON.stringify(expected) === JSON.stringify(image)) return `${top},${left}`;
        }
      }
      return 'none';
    });
    expect(offsets).not.toContain('none');
    // 25 places, 40 images.
    expect(new Set(offsets).size).toBeGreaterThan(12);
  });

  it('cuts to a size', () => {
    const [image] = view(randomCrop({ size: [2, 1] }));
    expect([image?.length, image?.[0]?.length, image?.[0]?.[0]?.length]).toEqual([2, 1, 2]);
  });

  it('refuses what cannot be cut out', () => {
    expect(() => view(randomCrop({ size: [4, 4] }))).toThrow(/IMAGE_SHAPE.*\[4, 4\].*\[3,3,4,2\]/);
    expect(() => view(randomCrop(), () => zeros([3, 4]))).toThrow(/IMAGE_SHAPE/);
    expect(() => randomCrop({ padding: 0.5 })).toThrow(/BAD_OPTION/);
  });
});

describe('a random flip', () => {
  const mirrored = (image: number[][][]) => image.map((row) => [...row].reverse());

  it('mirrors all images, none, or some', () => {
    expect(view(randomFlip({ probability: 1 }))).toEqual(original().map(mirrored));
    expect(view(randomFlip({ probability: 0 }))).toEqual(original());
    const [whole, flipped] = [tidy(() => images(400).arraySync() as Pixels), view(randomFlip(), () => images(400))];
    const count = flipped.filter((image, i) => {
      const [same, other] = [whole[i] as number[][][], mirrored(whole[i] as number[][][])];
      expect([same, other]).toContainEqual(image);
      return JSON.stringify(image) === JSON.stringify(other);
    }).length;
    expect(count).toBeGreaterThan(150);
    expect(count).toBeLessThan(250);
  });

  it('refuses a probability that is none', () => {
    expect(() => randomFlip({ probability: 2 })).toThrow(/BAD_OPTION/);
  });
});

describe('composed augmentations', () => {
  const both = composeAugmentations(randomCrop({ padding: 1 }), randomFlip());

  it('are drawn one after the other from one stream, the same for the same seed', () => {
    expect(view(both)).toEqual(view(both));
    expect(view(both)).not.toEqual(view(both, images, 2));
    const random = randomStream(1, 'view');
    const byHand = tidy(() => randomFlip()(randomCrop({ padding: 1 })(images(), random), random).arraySync() as Pixels);
    expect(view(both)).toEqual(byHand);
  });

  it('of none are a copy; each gives one tensor and leaves its own alone', () => {
    const given = images();
    for (const augment of [both, composeAugmentations(), randomCrop(), randomFlip()]) {
      const { numTensors } = memory();
      const made = augment(given, randomStream(1));
      expect(memory().numTensors).toBe(numTensors + 1);
      expect(made).not.toBe(given);
      made.dispose();
    }
    expect(given.isDisposed).toBe(false);
    given.dispose();
  });
});
