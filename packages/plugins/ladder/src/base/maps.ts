import { TapgradError } from '@tapgrad/core';
import { reshape, type Tensor } from '@tensorflow/tfjs-core';

/** `[batch, height, width, channels]` to `[batch, height * width, channels]`. */
export function asTokens(maps: Tensor): Tensor {
  const [batch, height, width, channels] = maps.shape as [number, number, number, number];
  return reshape(maps, [batch, height * width, channels]);
}

/**
 * How many times larger a map is than another, in height and width alike.
 * @throws TapgradError LADDER_MAP_SIZE
 */
export function ratioOf(maps: Tensor, smaller: Tensor): number {
  const [, height, width] = maps.shape as [number, number, number, number];
  const [, targetHeight, targetWidth] = smaller.shape as [number, number, number, number];
  const ratio = height / targetHeight;
  if (Number.isInteger(ratio) && width === ratio * targetWidth) return ratio;
  throw new TapgradError({
    code: 'LADDER_MAP_SIZE',
    message: `a map of ${height} x ${width} is no multiple of the last, ${targetHeight} x ${targetWidth}`,
    fix: 'give images whose sides every stage divides evenly, or leave that stage out with `drop`',
  });
}
