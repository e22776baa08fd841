import {
  add,
  backend_util,
  gather,
  image as images,
  type RotateWithOffsetAttrs,
  reshape,
  scatterND,
  type Tensor4D,
  tensor1d,
} from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule<'image'>('FlipLeftRight', {
  inputs: ['image'],
  backward: ({ dy }) => ({ image: () => images.flipLeftRight(dy as Tensor4D) }),
});

/** Flat positions in an image that rotation reads, and the positions of what it writes there. */
function rotation(
  height: number,
  width: number,
  { radians, center }: RotateWithOffsetAttrs,
): [read: number[], written: number[]] {
  const [centerX, centerY] = backend_util.getImageCenter(center, height, width);
  const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
  const [read, written]: [number[], number[]] = [[], []];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const fromX = Math.round((x - centerX) * cos - (y - centerY) * sin + centerX);
      const fromY = Math.round((x - centerX) * sin + (y - centerY) * cos + centerY);
      if (fromX < 0 || fromX >= width || fromY < 0 || fromY >= height) continue;
      read.push(fromY * width + fromX);
      written.push(y * width + x);
    }
  }
  return [read, written];
}

rule<'image', RotateWithOffsetAttrs>('RotateWithOffset', {
  inputs: ['image'],
  backward: ({ dy, shapes, attrs }) => ({
    image: () => {
      const [batch, height, width, channels] = shapes.image as [number, number, number, number];
      const [read, written] = rotation(height, width, attrs);
      const everySample = (positions: readonly number[]) =>
        add(
          reshape(tensor1d([...positions], 'int32'), [1, positions.length]),
          reshape(
            tensor1d(
              Array.from({ length: batch }, (_, sample) => sample * height * width),
              'int32',
            ),
            [batch, 1],
          ),
        );
      const pixels = reshape(dy, [batch * height * width, channels]);
      const picked = gather(pixels, reshape(everySample(written), [batch * written.length]));
      const indices = reshape(everySample(read), [batch * read.length, 1]);
      return reshape(scatterND(indices, picked, [batch * height * width, channels]), shapes.image);
    },
  }),
});
