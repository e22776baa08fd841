import * as core from '@tapgrad/core';
import { type OpSpec, opSpec } from '../../op-spec.ts';
import { dense, frozen, indices } from './inputs.ts';

export const crossEntropySpecs: readonly OpSpec[] = [
  opSpec<core.SoftmaxCrossEntropyOptions>({
    kernel: 'tapgrad.SoftmaxCrossEntropy',
    run: ([logits, labels], attrs) => core.softmaxCrossEntropy(logits!, labels!, attrs),
    samples: [
      { inputs: [dense(3, 4), indices(4, 3)], attrs: {} },
      { inputs: [dense(3, 4), indices(4, 3)], attrs: { reduction: 'none' } },
      { inputs: [dense(2, 3, 4), indices(4, 2, 3)], attrs: { labelSmoothing: 0.1, reduction: 'sum' } },
      { inputs: [dense(3, 4), indices(4, 3)], attrs: { labelSmoothing: 0.2, reduction: 'none' } },
      {
        name: 'soft labels',
        inputs: [dense(2, 3), frozen({ shape: [2, 3], values: [0.5, 0.25, 0.25, 0, 1, 0] })],
        attrs: { reduction: 'none' },
      },
      {
        name: 'soft labels that do not add up to 1, smoothed',
        inputs: [dense(2, 2, 3), frozen({ shape: [2, 2, 3], range: [0, 1] })],
        attrs: { labelSmoothing: 0.3 },
      },
      {
        name: 'large logits',
        inputs: [{ shape: [2, 3], range: [-80, 80] }, indices(3, 2)],
        attrs: { reduction: 'none' },
      },
      { name: 'one class', inputs: [dense(2, 1), indices(1, 2)], attrs: { reduction: 'none' } },
    ],
    fuzz(random) {
      const [rows, classes] = [random.integer(1, 4), random.integer(1, 5)];
      const labels = random.pick([indices(classes, rows), frozen({ shape: [rows, classes], range: [0, 1] })]);
      return {
        inputs: [dense(rows, classes), labels],
        attrs: { labelSmoothing: random.pick([0, 0.1]), reduction: 'none' },
      };
    },
    errors: [
      { inputs: [dense(3, 4), indices(4, 2)], attrs: {}, message: /SHAPE_MISMATCH/ },
      { inputs: [dense(3, 4), dense(3)], attrs: {}, message: /SHAPE_MISMATCH/ },
    ],
  }),
];
