import {
  avgPool,
  matMul,
  mul,
  type ResizeBilinearAttrs,
  type ResizeBilinearGradAttrs,
  type ResizeNearestNeighborAttrs,
  reshape,
  type Tensor,
  type Tensor4D,
  tensor,
} from '@tensorflow/tfjs-core';
import { runKernel, shapeOnly } from './kernel.ts';
import { rule } from './registry.ts';

type Corners = Pick<ResizeBilinearAttrs, 'alignCorners' | 'halfPixelCenters'>;

/** Where output entry `at` of one axis lies in the input. */
function source(
  at: number,
  input: number,
  output: number,
  { alignCorners, halfPixelCenters }: Corners,
  offset: number,
): number {
  const aligned = alignCorners && output > 1 ? 1 : 0;
  const ratio = (input - aligned) / (output - aligned);
  return halfPixelCenters ? ratio * (at + 0.5) - offset : ratio * at;
}

/** Transposed interpolation matrix of one axis, `[1, input, output]`. */
function bilinearWeights(input: number, output: number, corners: Corners): Tensor {
  return weights(input, output, (at) => {
    const position = source(at, input, output, corners, 0.5);
    const low = Math.max(0, Math.floor(position));
    const high = Math.min(input - 1, Math.ceil(position));
    return [
      [low, 1 - (position - low)],
      [high, position - low],
    ];
  });
}

function nearestWeights(input: number, output: number, corners: Corners): Tensor {
  return weights(input, output, (at) => {
    const position = source(at, input, output, corners, 0);
    const nearest = corners.alignCorners ? Math.round(position) : Math.floor(position);
    return [[Math.max(0, Math.min(input - 1, nearest)), 1]];
  });
}

function weights(input: number, output: number, entriesOf: (at: number) => [index: number, weight: number][]): Tensor {
  const values = new Array<number>(input * output).fill(0);
  for (let at = 0; at < output; at++) {
    for (const [index, weight] of entriesOf(at))
      values[index * output + at] = (values[index * output + at] ?? 0) + weight;
  }
  return tensor(values, [1, input, output]);
}

/** Rows then columns: resizing is separable, so its adjoint is two small matrix products. */
function adjoint(dy: Tensor, shape: readonly number[], rows: Tensor, columns: Tensor): Tensor {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const [outHeight, outWidth] = [dy.shape[1] as number, dy.shape[2] as number];
  const tall = matMul(rows, reshape(dy, [batch, outHeight, outWidth * channels]));
  const whole = matMul(columns, reshape(tall, [batch * height, outWidth, channels]));
  return reshape(whole, [batch, height, width, channels]);
}

rule<'images', ResizeBilinearAttrs>('ResizeBilinear', {
  inputs: ['images'],
  backward: ({ dy, shapes, attrs }) => ({
    images: () => {
      const [, height, width] = shapes.images as [number, number, number, number];
      const [outHeight, outWidth] = attrs.size;
      if (attrs.halfPixelCenters) {
        // tfjs's backward kernel reads the corners as if this option were off.
        const [rows, columns] = [bilinearWeights(height, outHeight, attrs), bilinearWeights(width, outWidth, attrs)];
        return adjoint(dy, shapes.images, rows, columns);
      }
      const gradient = runKernel('ResizeBilinearGrad', { dy, images: shapeOnly(shapes.images) }, attrs);
      // The cpu backend swaps height and width in the shape it reports.
      return reshape(gradient, shapes.images);
    },
  }),
});

rule<'dy' | 'images', ResizeBilinearGradAttrs>('ResizeBilinearGrad', {
  inputs: ['dy', 'images'],
  differentiable: ['dy'],
  backward: ({ dy: dimages, shapes, attrs: { alignCorners } }) => ({
    dy: () => {
      const images = reshape(dimages, shapes.images);
      const size = [shapes.dy[1] as number, shapes.dy[2] as number];
      return runKernel('ResizeBilinear', { images }, { alignCorners, halfPixelCenters: false, size });
    },
  }),
});

// tfjs's backward kernel of this one reads the wrong sample of a batch, and ignores halfPixelCenters.
rule<'images', ResizeNearestNeighborAttrs>('ResizeNearestNeighbor', {
  inputs: ['images'],
  backward: ({ dy, shapes, attrs }) => ({
    images: () => {
      const [, height, width] = shapes.images as [number, number, number, number];
      const [outHeight, outWidth] = attrs.size;
      const block: [number, number] = [outHeight / height, outWidth / width];
      if (!attrs.alignCorners && block.every(Number.isInteger)) {
        return mul(avgPool(dy as Tensor4D, block, block, 'valid'), block[0] * block[1]);
      }
      const [rows, columns] = [nearestWeights(height, outHeight, attrs), nearestWeights(width, outWidth, attrs)];
      return adjoint(dy, shapes.images, rows, columns);
    },
  }),
});
