import type { backend_util } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';

/** What tfjs computes of a convolution or pool with channels last. */
export type WindowInfo = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

/** Places inside a window. */
export function tapsOf(info: WindowInfo): number {
  return ('filterDepth' in info ? info.filterDepth : 1) * info.filterHeight * info.filterWidth;
}

/** Positions of an output image. */
export function outPositions(info: WindowInfo): number {
  return ('outDepth' in info ? info.outDepth : 1) * info.outHeight * info.outWidth;
}

/** Positions of an input image. */
export function inPositions(info: WindowInfo): number {
  return ('inDepth' in info ? info.inDepth : 1) * info.inHeight * info.inWidth;
}

/** Runs `use` with the address of the geometry as assembly/windows.ts reads it. 2-D windows are 3-D ones of depth 1. */
export function withGeometry<T>(heap: Heap, info: WindowInfo, use: (geometry: number) => T): T {
  const solid = 'inDepth' in info;
  const fields = [
    info.batchSize,
    solid ? info.inDepth : 1,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    solid ? info.outDepth : 1,
    info.outHeight,
    info.outWidth,
    solid ? info.filterDepth : 1,
    info.filterHeight,
    info.filterWidth,
    solid ? info.strideDepth : 1,
    info.strideHeight,
    info.strideWidth,
    solid ? info.dilationDepth : 1,
    info.dilationHeight,
    info.dilationWidth,
    solid ? info.padInfo.front : 0,
    info.padInfo.top,
    info.padInfo.left,
  ];
  return heap.scratch(4 * (fields.length + tapsOf(info)), (address) => {
    heap.writeIntegers(address, fields);
    return use(address);
  });
}
