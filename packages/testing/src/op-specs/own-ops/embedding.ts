import * as core from '@tapgrad/core';
import { type OpSpec, opSpec } from '../../op-spec.ts';
import { dense, indices } from './inputs.ts';

export const embeddingSpecs: readonly OpSpec[] = [
  opSpec({
    kernel: 'tapgrad.Embedding',
    run: ([table, ids]) => core.embedding(table!, ids!),
    samples: [
      { inputs: [dense(5, 3), indices(5, 4)] },
      { inputs: [dense(5, 3), indices(5, 2, 3)] },
      { name: 'one row many times', inputs: [dense(3, 2), { shape: [4], dtype: 'int32', values: [1, 1, 1, 2] }] },
      { inputs: [dense(1, 2), indices(1, 2)] },
    ],
    fuzz(random) {
      const rows = random.integer(1, 5);
      return { inputs: [dense(rows, random.integer(1, 4)), indices(rows, ...random.shape(random.integer(1, 2)))] };
    },
    secondOrder: 'zero',
  }),
];
