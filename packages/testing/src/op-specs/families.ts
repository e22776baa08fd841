/** Rows of the two large families, made from what differs between their members. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type InputSpec, type OpSample, type OpSpec, opSpec } from '../op-spec.ts';

type Domain = Omit<InputSpec, 'shape'>;
type Extra = Partial<Pick<OpSpec, 'secondOrder' | 'differentiable' | 'float32'>>;

/** An elementwise function of one tensor. */
export function unary(kernel: string, op: (x: Tensor) => Tensor, domain: Domain = {}, extra: Extra = {}): OpSpec {
  const sample = (shape: number[]): OpSample<undefined> => ({ inputs: [{ shape, ...domain }] });
  return opSpec({
    kernel,
    run: ([x]) => op(x!),
    samples: [[], [7], [2, 3], [2, 1, 3, 2]].map(sample),
    fuzz: (random) => sample(random.shape()),
    ...extra,
  });
}

const broadcasts: [number[], number[]][] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1, 2],
    [1, 3, 1],
  ],
  [[2, 3], []],
  [[], [2, 2]],
  [[1], [1, 1]],
];

/** A function of two tensors with broadcasting. */
export function binary(
  kernel: string,
  op: (a: Tensor, b: Tensor) => Tensor,
  { a = {}, b = {}, extra = {} }: { a?: Domain; b?: Domain; extra?: Extra } = {},
): OpSpec {
  const sample = ([left, right]: [number[], number[]]): OpSample<undefined> => ({
    inputs: [
      { shape: left, ...a },
      { shape: right, ...b },
    ],
  });
  const frozen = (left: boolean): OpSample<undefined> => ({
    name: left ? 'only b is differentiated' : 'only a is differentiated',
    inputs: [
      { shape: [2, 3], ...a, constant: left },
      { shape: [3], ...b, constant: !left },
    ],
  });
  return opSpec({
    kernel,
    run: ([x, y]) => op(x!, y!),
    samples: [...broadcasts.map(sample), frozen(true), frozen(false)],
    fuzz: (random) => {
      const shape = random.shape();
      const other = random.broadcastable(shape);
      return sample(random.pick([true, false]) ? [shape, other] : [other, shape]);
    },
    errors: [
      {
        ...sample([
          [2, 3],
          [2, 4],
        ]),
        message: /broadcast|shape/i,
      },
    ],
    ...extra,
  });
}
