import * as core from '@tapgrad/core';
import { type OpSpec, opSpec } from '../../op-spec.ts';
import { dense } from './inputs.ts';

export const activationSpecs: readonly OpSpec[] = [
  opSpec<{ approximate: core.GeluApproximation }>({
    kernel: 'tapgrad.Gelu',
    // Behind a linear layer backends may compute both at once.
    run: ([x, weight, bias], attrs) =>
      core.activatingLinear(weight && { kernel: 'tapgrad.Gelu', ...attrs }, () =>
        core.gelu(weight ? core.linear(x!, weight, bias) : x!, attrs),
      ),
    samples: (['none', 'tanh'] as const).flatMap((approximate) => [
      { inputs: [dense(2, 3, 5), dense(5, 4), dense(4)], attrs: { approximate } },
      { inputs: [{ shape: [3, 5], range: [-4, 4] as const }], attrs: { approximate } },
      { inputs: [dense()], attrs: { approximate } },
    ]),
    fuzz: (random) => ({ inputs: [dense(...random.shape())], attrs: { approximate: random.pick(['none', 'tanh']) } }),
  }),
  opSpec({
    kernel: 'tapgrad.Silu',
    run: ([x]) => core.silu(x!),
    samples: [{ inputs: [{ shape: [3, 5], range: [-6, 6] }] }, { inputs: [dense()] }],
    fuzz: (random) => ({ inputs: [dense(...random.shape())] }),
  }),
  opSpec({
    kernel: 'tapgrad.HardSwish',
    run: ([x]) => core.hardSwish(x!),
    samples: [{ inputs: [{ shape: [4, 6], range: [-5, 5], avoid: [-3, 3] }] }, { inputs: [dense()] }],
    fuzz: (random) => ({ inputs: [{ shape: random.shape(), range: [-5, 5], avoid: [-3, 3] }] }),
  }),
];
