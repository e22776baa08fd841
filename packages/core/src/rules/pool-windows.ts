import { backend_util } from '@tensorflow/tfjs-core';
import type { Windows } from './windows.ts';

/** What the attributes of tfjs's pooling kernels have in common. */
export interface PoolAttrs {
  readonly filterSize: number | readonly number[];
  readonly strides: number | readonly number[];
  readonly pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil' | null;
}

/** Windows of a 2-D pooling kernel over `[batch, height, width, channels]`. */
export function poolWindows2d(shape: readonly number[], attrs: PoolAttrs): Windows {
  const info = backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    attrs.filterSize as [number, number],
    attrs.strides as [number, number],
    1,
    attrs.pad,
    attrs.dimRoundingMode ?? undefined,
  );
  return {
    extents: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    size: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [1, 1],
    before: [info.padInfo.top, info.padInfo.left],
  };
}

/** Windows of a 3-D pooling kernel over `[batch, depth, height, width, channels]`. */
export function poolWindows3d(shape: readonly number[], attrs: PoolAttrs): Windows {
  const info = backend_util.computePool3DInfo(
    shape as [number, number, number, number, number],
    attrs.filterSize as [number, number, number],
    attrs.strides as [number, number, number],
    1,
    attrs.pad as 'valid' | 'same' | number,
    attrs.dimRoundingMode ?? undefined,
  );
  return {
    extents: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    size: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [1, 1, 1],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
  };
}

/**
 * The attributes for a backward kernel: tfjs's 2-D ones ignore the rounding mode, so that a padding which the
 * mode has stretched or cut is passed as explicit padding.
 */
export function backwardAttrs2d(windows: Windows, attrs: PoolAttrs): object {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  if (!dimRoundingMode) return { filterSize, strides, pad };
  const sides = windows.extents.map((extent, axis) => {
    const [output, size, stride, before] = [windows.output, windows.size, windows.strides, windows.before].map(
      (each) => each[axis] as number,
    ) as [number, number, number, number];
    return [before, (output - 1) * stride + size - extent - before];
  });
  return { filterSize, strides, pad: [[0, 0], ...sides, [0, 0]] };
}
