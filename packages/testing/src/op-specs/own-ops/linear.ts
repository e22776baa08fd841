import * as core from '@tapgrad/core';
import { type OpSpec, opSpec } from '../../op-spec.ts';
import { dense, frozen } from './inputs.ts';

export const linearSpecs: readonly OpSpec[] = [
  opSpec<object>({
    kernel: 'tapgrad.Linear',
    run: ([x, weight, bias]) => core.linear(x!, weight!, bias),
    samples: [
      { inputs: [dense(2, 3), dense(3, 4), dense(4)], attrs: {} },
      { inputs: [dense(2, 3), dense(3, 4)], attrs: {} },
      { inputs: [dense(2, 5, 3), dense(3, 2), dense(2)], attrs: {} },
      { inputs: [dense(1, 1, 2, 3), dense(3, 1), dense(1)], attrs: {} },
      { name: 'frozen weight', inputs: [dense(2, 3), frozen(dense(3, 4)), frozen(dense(4))], attrs: {} },
      { name: 'bias alone', inputs: [frozen(dense(2, 3)), frozen(dense(3, 4)), dense(4)], attrs: {} },
      { name: 'input not tracked', inputs: [frozen(dense(2, 2, 3)), dense(3, 4), dense(4)], attrs: {} },
    ],
    fuzz(random) {
      const [input, output] = [random.integer(1, 4), random.integer(1, 4)];
      const lead = random.shape(random.integer(1, 3));
      const bias = random.pick([[dense(output)], []]);
      return { inputs: [dense(...lead, input), dense(input, output), ...bias], attrs: {} };
    },
    errors: [{ inputs: [dense(2, 3), dense(2, 3)], attrs: {}, message: /inner/ }],
  }),
];
