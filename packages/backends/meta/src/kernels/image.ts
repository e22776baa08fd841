import {
  CropAndResize,
  FlipLeftRight,
  ResizeBilinear,
  ResizeBilinearGrad,
  ResizeNearestNeighbor,
  ResizeNearestNeighborGrad,
  RotateWithOffset,
  type TensorInfo,
  Transform,
} from '@tensorflow/tfjs-core';
import { kernel, like } from '../register.ts';

type Image = { readonly image: TensorInfo };
type Size = [height: number, width: number];

export function registerImages(): void {
  kernel<Image & { boxes: TensorInfo }, { cropSize: Size }>(CropAndResize, ({ inputs, attrs, made }) =>
    made([inputs.boxes.shape[0] as number, ...attrs.cropSize, inputs.image.shape[3] as number]),
  );
  for (const name of [ResizeBilinear, ResizeNearestNeighbor]) {
    kernel<{ images: TensorInfo }, { size: Size }>(name, ({ inputs: { images }, attrs: { size }, made }) =>
      made([images.shape[0] as number, ...size, images.shape[3] as number]),
    );
  }
  like('images', [ResizeBilinearGrad, ResizeNearestNeighborGrad], 'float32');
  like('image', [FlipLeftRight, RotateWithOffset]);
  kernel<Image, { outputShape: Size | null }>(Transform, ({ inputs: { image }, attrs: { outputShape }, made }) => {
    const [batch, height, width, channels] = image.shape as [number, number, number, number];
    return made([batch, ...(outputShape ?? [height, width]), channels], image.dtype);
  });
}
