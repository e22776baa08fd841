import { dispose } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { fashionScale } from '../../accuracy/data/fashion-mnist.ts';
import type { ImageSet } from '../../accuracy/data/image-set.ts';
import { imageTensors } from './images.ts';

const images: ImageSet = {
  // The second image is bright in its first column alone.
  pixels: Uint8Array.from({ length: 2 * 784 }, (_, pixel) => (pixel >= 784 && pixel % 28 === 0 ? 255 : 51)),
  classes: Uint8Array.of(3, 7),
  shape: [28, 28, 1],
  labels: [],
};
const scaled = (pixel: number) => (pixel - fashionScale.mean) / fashionScale.deviation;

describe('images as tensors', () => {
  it('are rows of standardised pixels at their own side', async () => {
    const { inputs, labels } = imageTensors(images, 28);
    expect(inputs.shape).toEqual([2, 784]);
    expect([...(await labels.data())]).toEqual([3, 7]);
    const values = await inputs.data();
    expect(values[0]).toBeCloseTo(scaled(0.2), 6);
    expect(values[784]).toBeCloseTo(scaled(1), 6);
    expect(values[785]).toBeCloseTo(scaled(0.2), 6);
    dispose([inputs, labels]);
  });

  it('are means of four pixels at half of it', async () => {
    const { inputs, labels } = imageTensors(images, 14);
    expect(inputs.shape).toEqual([2, 14, 14, 1]);
    const values = await inputs.data();
    expect(values[0]).toBeCloseTo(scaled(0.2), 6);
    expect(values[196]).toBeCloseTo(scaled(0.6), 6);
    expect(values[197]).toBeCloseTo(scaled(0.2), 6);
    dispose([inputs, labels]);
  });
});
