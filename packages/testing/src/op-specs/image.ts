import { image, type Tensor, type Tensor1D, type Tensor2D, type Tensor4D } from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import type { SeededRandom } from '../random.ts';
import { runKernel } from './run-kernel.ts';

interface ResizeAttrs {
  readonly size: [number, number];
  readonly alignCorners?: boolean;
  readonly halfPixelCenters?: boolean;
}

const input = { shape: [2, 3, 4, 2] };
const resizes: readonly ResizeAttrs[] = [
  { size: [6, 8] },
  { size: [5, 3] },
  { size: [2, 2], halfPixelCenters: true },
  { size: [7, 5], halfPixelCenters: true },
  { size: [5, 7], alignCorners: true },
  { size: [1, 1], alignCorners: true },
  { size: [3, 4] },
];

function fuzz(random: SeededRandom) {
  const attrs = {
    size: [random.integer(1, 6), random.integer(1, 6)] as [number, number],
    ...random.pick([{}, { alignCorners: true }, { halfPixelCenters: true }]),
  };
  return { inputs: [{ shape: random.shape(4) }], attrs };
}

const bilinear = opSpec<ResizeAttrs>({
  kernel: 'ResizeBilinear',
  run: ([x], { size, alignCorners, halfPixelCenters }) =>
    image.resizeBilinear(x as Tensor4D, size, alignCorners, halfPixelCenters),
  samples: resizes.map((attrs) => ({ inputs: [input], attrs })),
  fuzz,
  secondOrder: 'zero',
});

const nearest = opSpec<ResizeAttrs>({
  kernel: 'ResizeNearestNeighbor',
  run: ([x], { size, alignCorners, halfPixelCenters }) =>
    image.resizeNearestNeighbor(x as Tensor4D, size, alignCorners, halfPixelCenters),
  samples: resizes.map((attrs) => ({ inputs: [input], attrs })),
  fuzz,
  secondOrder: 'zero',
});

const bilinearGradient = opSpec<ResizeAttrs>({
  kernel: 'ResizeBilinearGrad',
  run: ([dy, images], attrs) => runKernel('ResizeBilinearGrad', { dy: dy as Tensor, images: images as Tensor }, attrs),
  samples: [
    { inputs: [{ shape: [1, 5, 6, 2] }, { shape: [1, 3, 3, 2], constant: true }], attrs: { size: [5, 6] } },
    {
      inputs: [{ shape: [1, 5, 2, 1] }, { shape: [1, 3, 3, 1], constant: true }],
      attrs: { size: [5, 2], alignCorners: true },
    },
  ],
  secondOrder: 'zero',
});

const flip = opSpec({
  kernel: 'FlipLeftRight',
  run: ([x]) => image.flipLeftRight(x as Tensor4D),
  samples: [{ inputs: [{ shape: [2, 2, 3, 1] }] }],
  secondOrder: 'zero',
});

const rotate = opSpec<{ readonly radians: number; readonly center?: [number, number] }>({
  kernel: 'RotateWithOffset',
  run: ([x], { radians, center }) => image.rotateWithOffset(x as Tensor4D, radians, 0, center),
  samples: [
    { inputs: [{ shape: [2, 4, 5, 2] }], attrs: { radians: 0.7 } },
    { inputs: [{ shape: [1, 5, 4, 1] }], attrs: { radians: -2.1, center: [0.2, 0.7] } },
  ],
  secondOrder: 'zero',
});

interface CropAttrs {
  readonly size: [number, number];
  readonly method?: 'bilinear' | 'nearest';
}

/** Boxes of which no sampling point falls on a pixel, one of them over the edge of the image. */
const boxes = { shape: [3, 4], values: [0.13, 0.07, 0.81, 0.91, 0.72, 0.88, 0.21, 0.11, -0.32, 0.27, 0.66, 1.37] };
const boxIndices = { shape: [3], values: [1, 0, 1], dtype: 'int32' as const };

const crop = opSpec<CropAttrs>({
  kernel: 'CropAndResize',
  run: ([x, frames, samples], { size, method }) =>
    image.cropAndResize(x as Tensor4D, frames as Tensor2D, samples as Tensor1D, size, method, 0.5),
  samples: [
    { inputs: [{ shape: [2, 4, 5, 2] }, boxes, boxIndices], attrs: { size: [3, 2] } },
    { inputs: [{ shape: [2, 4, 5, 1] }, boxes, boxIndices], attrs: { size: [1, 3] } },
    {
      inputs: [{ shape: [2, 4, 5, 1] }, { ...boxes, constant: true }, boxIndices],
      attrs: { size: [3, 2], method: 'nearest' },
    },
  ],
});

export const imageSpecs: readonly OpSpec[] = [bilinear, bilinearGradient, nearest, flip, rotate, crop];
