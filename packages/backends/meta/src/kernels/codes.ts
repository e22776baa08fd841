import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';

/** Codes of saved activations: rows of int32 words, as many as the bits take. */
export function registerCodes(): void {
  kernel<{ codes: TensorInfo }, { bits: number }>('tapgrad.PackBits', ({ inputs: { codes }, attrs, made }) =>
    made([wordsOf(codes, attrs.bits)], 'int32'),
  );
  kernel<object, { size: number }>('tapgrad.UnpackBits', ({ attrs, made }) => made([attrs.size], 'int32'));
  kernel<{ x: TensorInfo }, { bits: number }>('tapgrad.PackDerivative', ({ inputs: { x }, attrs, made }) =>
    made([wordsOf(x, attrs.bits)], 'int32'),
  );
  kernel<object, { shape: readonly number[] }>('tapgrad.UnpackDerivative', ({ attrs, made }) => made(attrs.shape));
  kernel<{ x: TensorInfo }, { bits: number; group: number; scales: string }>(
    'tapgrad.PackGroups',
    ({ inputs: { x }, attrs: { bits, group, scales }, made }) => {
      const groups = Math.ceil(util.sizeFromShape(x.shape) / group);
      return [made([wordsOf(x, bits)], 'int32'), scales === 'bfloat16' ? made([groups], 'int32') : made([groups, 2])];
    },
  );
  kernel<object, { shape: readonly number[] }>('tapgrad.UnpackGroups', ({ attrs, made }) => made(attrs.shape));
  kernel<{ x: TensorInfo }>('tapgrad.PackHalf', ({ inputs: { x }, made }) => made([wordsOf(x, 16)], 'int32'));
  kernel<object, { shape: readonly number[] }>('tapgrad.UnpackHalf', ({ attrs, made }) => made(attrs.shape));
  kernel<{ x: TensorInfo }, { samples: number; count: number }>(
    'tapgrad.PackSparse',
    ({ inputs: { x }, attrs: { samples, count }, made }) => [made([wordsOf(x, 1)], 'int32'), made([samples, count])],
  );
  kernel<object, { shape: readonly number[] }>('tapgrad.UnpackSparse', ({ attrs, made }) => made(attrs.shape));
}

function wordsOf({ shape }: TensorInfo, bits: number): number {
  return Math.ceil((util.sizeFromShape(shape) * bits) / 32);
}
