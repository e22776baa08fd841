import { weightAveraging, zscl } from '@tapgrad/continual';
import type { Plugin } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Reference data as tensors. */
export interface ReferenceData {
  /** Pictures of all styles. */
  readonly images: Tensor;
  /** Those that are shown plainly. */
  readonly plain: Tensor;
  readonly texts: Tensor;
}

export interface TransferMethod {
  readonly name: string;
  /** Undefined: nothing is trained. */
  readonly plugins?: (reference: ReferenceData) => readonly Plugin[];
}

/** The best of 0.01, 0.1 and 1 with seed 11, by the mean of the whole matrix. */
export const l2 = 0.01;
/** Every tenth of a task. */
const averaged = (steps: number) => weightAveraging({ every: Math.max(1, Math.round(steps / 10)) });

const all = ({ images, texts }: ReferenceData) => ({ images, texts });

/** The bounds first, then the rivals, ZSCL in its parts, and whole. */
export function transferMethods(steps: number): readonly TransferMethod[] {
  return [
    { name: 'zero-shot' },
    { name: 'fine-tune', plugins: () => [] },
    {
      name: 'lwf',
      plugins: ({ texts }) => [
        zscl({ reference: { images: 'batch', texts }, teacher: 'task', variant: 'reference-code' }),
      ],
    },
    { name: 'wise', plugins: () => [weightAveraging({ mode: 'wise' })] },
    { name: 'averaging', plugins: () => [averaged(steps)] },
    { name: 'zscl-no-averaging', plugins: (data) => [zscl({ reference: all(data) })] },
    { name: 'zscl*', plugins: (data) => [zscl({ reference: all(data) }), averaged(steps)] },
    {
      name: 'zscl*-reference-code',
      plugins: (data) => [zscl({ reference: all(data), variant: 'reference-code' }), averaged(steps)],
    },
    {
      name: 'zscl*-plain-reference',
      plugins: ({ plain, texts }) => [zscl({ reference: { images: plain, texts } }), averaged(steps)],
    },
    { name: 'zscl', plugins: (data) => [zscl({ reference: all(data), l2 }), averaged(steps)] },
  ];
}
