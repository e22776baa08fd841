import * as core from '@tapgrad/core';
import { type InputSpec, type OpSample, type OpSpec, opSpec } from '../../op-spec.ts';
import type { SeededRandom } from '../../random.ts';
import { dense, frozen } from './inputs.ts';

/** A sample whose optional inputs are missing from the end. */
interface Presence {
  readonly weight?: boolean;
  readonly bias?: boolean;
}

/** Rows whose variance is far from 0: normalising them would otherwise divide by almost nothing. */
const spread = (...shape: number[]): InputSpec => ({ shape, range: [-2, 2], distinct: true });

function normSamples(affine: InputSpec[]): OpSample<Presence>[] {
  const all = affine.length === 2 ? { weight: true, bias: true } : { weight: true };
  return [
    { inputs: [spread(3, 4), ...affine], attrs: all },
    { inputs: [spread(2, 3, 4), ...affine], attrs: all },
    { inputs: [spread(3, 4)], attrs: {} },
    { inputs: [spread(2, 3, 4), dense(4)], attrs: { weight: true } },
    { name: 'frozen input', inputs: [frozen(spread(3, 4)), ...affine], attrs: all },
    { name: 'frozen weight', inputs: [spread(3, 4), frozen(dense(4)), ...affine.slice(1)], attrs: all },
  ];
}

function fuzzedNorm(random: SeededRandom): OpSample<Presence> {
  const width = random.integer(2, 5);
  const weight = random.pick([true, false]);
  const lead = random.shape(random.integer(1, 3));
  return { inputs: [spread(...lead, width), ...(weight ? [dense(width)] : [])], attrs: { weight } };
}

export const normSpecs: readonly OpSpec[] = [
  opSpec<Presence>({
    kernel: 'tapgrad.LayerNorm',
    run: ([x, ...rest], { weight, bias }) =>
      core.layerNorm(x!, weight ? rest[0] : undefined, bias ? rest[weight ? 1 : 0] : undefined, 1e-5),
    samples: [
      ...normSamples([dense(4), dense(4)]),
      {
        name: 'bias alone',
        inputs: [frozen(spread(3, 4)), frozen(dense(4)), dense(4)],
        attrs: { weight: true, bias: true },
      },
      { name: 'bias without weight', inputs: [spread(3, 4), dense(4)], attrs: { bias: true } },
      { name: 'width of 1', inputs: [dense(3, 1), dense(1), dense(1)], attrs: { weight: true, bias: true } },
    ],
    fuzz: fuzzedNorm,
    float32: { gradient: { absolute: 1e-4, relative: 1e-3 } },
  }),
  opSpec<Presence>({
    kernel: 'tapgrad.RmsNorm',
    run: ([x, ...rest], { weight }) => core.rmsNorm(x!, weight ? rest[0] : undefined, 1e-6),
    samples: normSamples([dense(4)]),
    fuzz: fuzzedNorm,
    float32: { gradient: { absolute: 1e-4, relative: 1e-3 } },
  }),
];
