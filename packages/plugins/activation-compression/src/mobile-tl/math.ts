import type { DerivativeTable } from '../derivative-codes/tables.ts';

/** Sandler et al.'s block as MobileTL sees it (Chiang et al. 2023, arXiv:2212.03246). */
export interface InvertedResidualShape {
  /** C: channels that come in, and go out. */
  readonly channels: number;
  /** t: how many times wider the middle is. */
  readonly expansion: number;
  /** Hard swish and a squeeze-and-excitation product in place of ReLU6, as in MobileNetV3. */
  readonly third?: boolean;
}

/**
 * Elements a pixel that plain training keeps of one block whose resolution does not change: inputs of three convolutions
 * and of three norms, a ReLU6 sharing its mask with the input of the convolution behind it. C + 4tC + C, 26C at t = 6. With
 * hard swish its two inputs too, and the operand of the squeeze-and-excitation product: 44C.
 */
export function plainElements({ channels, expansion, third = false }: InvertedResidualShape): number {
  return channels * (2 + expansion * (4 + (third ? 3 : 0)));
}

/**
 * The same of MobileTL: inputs of three convolutions and of the last norm, and one bit an element for each activation,
 * in units of 32-bit elements. C + 2tC + C + 2tC/32, 14.375C at t = 6.
 */
export function mobileTlElements({ channels, expansion, third = false }: InvertedResidualShape): number {
  return channels * (2 + expansion * (2 + (third ? 1 : 0) + 2 / 32));
}

/** 1[x > 0]; ReLU and ReLU6 keep their output, whose sign is that of x. */
const sign = { borders: [0], levels: [0, 1], inclusive: [false], bits: 1 } as const;

/**
 * How an activation function's slope is kept in one bit; undefined if it is not. The sign is exact for ReLU, and for ReLU6
 * below 6; for hard swish a border at 0 has the least squared error on every symmetric interval.
 */
export function maskTable(kernel: string, form: 'sign' | 'exact'): DerivativeTable | undefined {
  switch (kernel) {
    case 'Relu':
      return { ...sign, bound: 0 };
    case 'Relu6':
      return form === 'sign'
        ? { ...sign, bound: 1 }
        : { borders: [0, 6], levels: [0, 1], inclusive: [false, true], bits: 1, bound: 0 };
    case 'tapgrad.HardSwish':
      return form === 'sign' ? { ...sign, bound: 0.5 } : undefined;
    default:
      return undefined;
  }
}
