import { add, backend, browser, dispose, mul, tensor1d } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it, vi } from 'vitest';
import { type TrainingBackend, useWebgpu } from './index.ts';

const [width, height] = [4, 2];

/** What pages have, with pixels that count on; the engine here has no images of its own. */
class CountingBitmap {
  readonly width = width;
  readonly height = height;
}

beforeAll(async () => {
  await useWebgpu();
  vi.stubGlobal('ImageBitmap', CountingBitmap);
  const { queue } = (backend() as TrainingBackend).device;
  queue.copyExternalImageToTexture = (_source, destination, size) => {
    const pixels = Uint8Array.from({ length: 4 * width * height }, (_, i) => i);
    queue.writeTexture(destination, pixels, { bytesPerRow: 4 * width }, size);
  };
  return () => vi.unstubAllGlobals();
});

it('pixels come after what was asked for before them, though they get the buffer of a tensor that it reads', async () => {
  const x = tensor1d(
    Int32Array.from({ length: 4 * width * height }, (_, i) => 1000 + i),
    'int32',
  );
  const before = add(x, x);
  x.dispose();
  const pixels = browser.fromPixels(new CountingBitmap() as unknown as ImageBitmap, 4);
  const after = mul(pixels, 2);
  expect([...(await before.data())].slice(0, 3)).toEqual([2000, 2002, 2004]);
  expect([...(await after.data())].slice(0, 3)).toEqual([0, 2, 4]);
  dispose([before, pixels, after]);
});
