import type { SaveRequest } from '@tapgrad/core';
import { functionOf, smoothFunctions } from '../derivative-codes/functions.ts';

const images = ['x'];

/**
 * Saved values of which a gradient is a Lipschitz function: an error in the value is an error of its size in the gradient.
 * Not so logarithms, roots and quotients, and not what is compared (maxima, pools, masks).
 */
const operands: Readonly<Record<string, readonly string[]>> = {
  'tapgrad.Linear': ['x'],
  BatchMatMul: ['a', 'b'],
  _FusedMatMul: ['a', 'b'],
  Conv2D: images,
  FusedConv2D: images,
  DepthwiseConv2dNative: images,
  FusedDepthwiseConv2D: images,
  Conv3D: images,
  'tapgrad.LayerNorm': ['x'],
  'tapgrad.RmsNorm': ['x'],
  'tapgrad.BatchNorm': ['x'],
  'tapgrad.BatchNormFixed': ['x'],
  FusedBatchNorm: ['x'],
  'tapgrad.Attention': ['q', 'k', 'v', 'y', 'probabilities'],
  // Queries that read what they project again.
  'query-tokens.Attention': ['from', 'probabilities'],
  Softmax: ['y'],
  Multiply: ['a', 'b'],
};

/** Means, deviations and normalisers of rows or channels: small, and everything depends on them. */
const statistics = ['mean', 'rstd', 'variance', 'logSumExp'];

/** Whether a value can be coded group by group. @param kernels further kernels that the user vouches for */
export function canBeCoded(
  { kernel, operand, attrs, role, dtype }: SaveRequest,
  kernels: readonly string[] = [],
): boolean {
  if (dtype !== 'float32' || statistics.includes(operand)) return false;
  if (operands[kernel]?.includes(operand)) return true;
  const smooth = role === 'derivative' && (functionOf(kernel, attrs)?.name ?? '') in smoothFunctions;
  return smooth || (kernels.includes(kernel) && !(kernel in operands));
}

const byRow = ['tapgrad.LayerNorm', 'tapgrad.RmsNorm'];

/**
 * A norm scales each row by itself: beside larger rows in its group a small one would be lost, so that groups of norms are
 * no longer than a row, if it has 32 elements.
 */
export function groupFor({ kernel, shape }: SaveRequest, group: number): number {
  if (!byRow.includes(kernel)) return group;
  return Math.min(group, Math.max(32, Math.floor((shape.at(-1) ?? 1) / 32) * 32));
}
