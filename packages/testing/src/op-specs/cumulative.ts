import { cumprod, cumsum, type Tensor } from '@tensorflow/tfjs-core';
import { type OpSpec, opSpec } from '../op-spec.ts';
import type { SeededRandom } from '../random.ts';

interface CumulativeAttrs {
  readonly axis: number;
  readonly exclusive?: boolean;
  readonly reverse?: boolean;
}

const samples = [
  { inputs: [{ shape: [5] }], attrs: { axis: 0 } },
  { inputs: [{ shape: [2, 3, 2] }], attrs: { axis: 1, exclusive: true } },
  { inputs: [{ shape: [2, 4] }], attrs: { axis: 1, reverse: true } },
  { inputs: [{ shape: [3, 2] }], attrs: { axis: 0, exclusive: true, reverse: true } },
];

function fuzz(random: SeededRandom) {
  const shape = random.shape(random.integer(1, 4));
  const attrs = {
    axis: random.integer(0, shape.length - 1),
    exclusive: random.pick([true, false]),
    reverse: random.pick([true, false]),
  };
  return { inputs: [{ shape }], attrs };
}

const sums = opSpec<CumulativeAttrs>({
  kernel: 'Cumsum',
  run: ([x], { axis, exclusive, reverse }) => cumsum(x as Tensor, axis, exclusive, reverse),
  samples,
  fuzz,
  secondOrder: 'zero',
});

const products = opSpec<CumulativeAttrs>({
  kernel: 'Cumprod',
  run: ([x], { axis, exclusive, reverse }) => cumprod(x as Tensor, axis, exclusive, reverse),
  samples: [
    ...samples,
    { name: 'a zero', inputs: [{ shape: [4], values: [2, 0, -3, 0.5] }], attrs: { axis: 0 } },
    {
      name: 'two zeros',
      inputs: [{ shape: [5], values: [2, 0, -3, 0, 4] }],
      attrs: { axis: 0, exclusive: true, reverse: true },
    },
  ],
  fuzz,
});

export const cumulativeSpecs: readonly OpSpec[] = [sums, products];
