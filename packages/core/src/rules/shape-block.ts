/** Kernels that exchange space for batch or depth: permutations, undone by their opposites. */
import { batchToSpaceND, reshape, spaceToBatchND, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule<'x', { blockShape: number[]; paddings: number[][] }>('SpaceToBatchND', {
  inputs: ['x'],
  backward: ({ dy, attrs }) => ({ x: () => batchToSpaceND(dy, attrs.blockShape, attrs.paddings) }),
});

rule<'x', { blockShape: number[]; crops: number[][] }>('BatchToSpaceND', {
  inputs: ['x'],
  backward: ({ dy, attrs }) => ({ x: () => spaceToBatchND(dy, attrs.blockShape, attrs.crops) }),
});

rule<'x', { blockSize: number; dataFormat: 'NHWC' | 'NCHW' }>('DepthToSpace', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({ x: () => spaceToDepth(dy, attrs.blockSize, attrs.dataFormat, shapes.x) }),
});

function spaceToDepth(dy: Tensor, block: number, format: 'NHWC' | 'NCHW', shape: number[]): Tensor {
  const [batch, ...rest] = shape as [number, number, number, number];
  if (format === 'NHWC') {
    const [height, width, depth] = rest;
    const blocks = reshape(dy, [batch, height, block, width, block, depth / block ** 2]);
    return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), shape);
  }
  const [depth, height, width] = rest;
  const blocks = reshape(dy, [batch, depth / block ** 2, height, block, width, block]);
  return reshape(transpose(blocks, [0, 3, 5, 1, 2, 4]), shape);
}
