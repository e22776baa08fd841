import * as core from '@tapgrad/core';
import { type OpSpec, opSpec } from '../../op-spec.ts';
import { dense } from './inputs.ts';

export const dropoutSpecs: readonly OpSpec[] = [
  opSpec<{ rate: number }>({
    kernel: 'tapgrad.Dropout',
    run: ([x], { rate }) => core.dropout(x!, rate, core.randomStream(3, 'row')),
    samples: [
      { inputs: [dense(4, 5)], attrs: { rate: 0.5 } },
      { inputs: [dense(20)], attrs: { rate: 0.1 } },
    ],
    fuzz: (random) => ({ inputs: [dense(...random.shape())], attrs: { rate: random.uniform(0.05, 0.9) } }),
    errors: [{ inputs: [dense(2)], attrs: { rate: 1 }, message: /BAD_OPTION/ }],
    secondOrder: 'zero',
  }),
];
