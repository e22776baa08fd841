import type { SaveRequest, SlotStage } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { packDerivative, packWithActivation, unpackDerivative } from '../kernels/derivative.ts';
import type { DerivativeTable } from './tables.ts';

/** Keeps codes of f'(value) in place of the value that the request is about. */
export function derivativeStage(
  table: DerivativeTable,
  { kernel, attrs, shape }: Pick<SaveRequest, 'kernel' | 'attrs' | 'shape'>,
): SlotStage<Tensor> {
  return {
    restores: 'derivative',
    ...(table.bound > 0 && { lossy: `|f′ − code| ≤ ${table.bound.toPrecision(2)}` }),
    pack: (value) => packDerivative(value, table),
    packWithOutput: (value) => packWithActivation(value, table, kernel, attrs),
    unpack: (codes) => unpackDerivative(codes, table, shape),
    unpackTimes: (codes, dy) => unpackDerivative(codes, table, shape, dy),
  };
}
