import type { Optimizer } from '@tapgrad/core';
import { adam, adamw, sgd } from '@tapgrad/train';

const learningRate = 1e-3;

/** What makes an optimizer, by name; the learning rate changes no byte. */
export const optimizers: Readonly<Record<string, (() => Optimizer) | 'none'>> = {
  adamw: () => adamw({ learningRate }),
  adam: () => adam({ learningRate }),
  sgd: () => sgd({ learningRate }),
  momentum: () => sgd({ learningRate, momentum: 0.9 }),
  none: 'none',
};
