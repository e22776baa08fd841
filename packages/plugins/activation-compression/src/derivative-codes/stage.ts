import type { SlotStage } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { packDerivative, unpackDerivative } from '../kernels/derivative.ts';
import type { DerivativeTable } from './tables.ts';

/** Keeps codes of f'(value) in place of a value of this shape. */
export function derivativeStage(table: DerivativeTable, shape: readonly number[]): SlotStage<Tensor> {
  return {
    restores: 'derivative',
    ...(table.bound > 0 && { lossy: `|f′ − code| ≤ ${table.bound.toPrecision(2)}` }),
    pack: (value) => packDerivative(value, table),
    unpack: (codes) => unpackDerivative(codes, table, shape),
    unpackTimes: (codes, dy) => unpackDerivative(codes, table, shape, dy),
  };
}
