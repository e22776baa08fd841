import * as tf from '@tensorflow/tfjs-core';
import { type InputSpec, type OpSample, type OpSpec, opSpec } from '../op-spec.ts';
import type { SeededRandom } from '../random.ts';

interface ReduceAttributes {
  readonly axis?: number | number[];
  readonly keepDims?: boolean;
}

type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

function fuzzAxes(random: SeededRandom, rank: number): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => random.pick([true, false]));
  return axes.length === 0 ? [random.integer(0, rank - 1)] : axes;
}

export function reduction(
  kernel: string,
  op: Reduction,
  domain: Omit<InputSpec, 'shape'>,
  extra: Pick<OpSpec<ReduceAttributes>, 'secondOrder' | 'differentiable' | 'errors'> = {},
): OpSpec {
  const sample = (shape: number[], attrs: ReduceAttributes): OpSample<ReduceAttributes> => ({
    inputs: [{ shape, ...domain }],
    attrs,
  });
  return opSpec<ReduceAttributes>({
    kernel,
    run: ([x], { axis, keepDims }) => op(x!, axis, keepDims),
    samples: [
      sample([2, 3], {}),
      sample([5], { axis: 0 }),
      sample([2, 3, 2], { axis: 1 }),
      sample([2, 3, 2], { axis: [0, 2] }),
      sample([2, 3, 2], { axis: [0, -1], keepDims: true }),
      sample([2, 1, 3], { axis: 1, keepDims: true }),
      sample([2, 1, 3, 2], { axis: -1 }),
    ],
    fuzz: (random) => {
      const shape = random.shape(random.integer(1, 4));
      return sample(shape, { axis: fuzzAxes(random, shape.length), keepDims: random.pick([true, false]) });
    },
    errors: [{ ...sample([2, 3], { axis: 2 }), message: /axis|dimension/i }],
    ...extra,
  });
}

function softmaxSpec(kernel: string, op: (x: tf.Tensor) => tf.Tensor): OpSpec {
  return opSpec({
    kernel,
    run: ([x]) => op(x!),
    samples: [[5], [2, 3], [2, 1, 4], [3, 1]].map((shape) => ({ inputs: [{ shape, range: [-3, 3] as const }] })),
    fuzz: (random) => ({ inputs: [{ shape: random.shape(random.integer(1, 4)), range: [-3, 3] }] }),
  });
}

export const reduceSpecs: readonly OpSpec[] = [
  // tfjs's cpu kernel takes a reference on its input before it looks at the axis, and keeps it when it throws.
  reduction('Sum', tf.sum, {}, { secondOrder: 'zero', errors: [] }),
  reduction('Mean', tf.mean, {}, { secondOrder: 'zero' }),
  reduction('Max', tf.max, { distinct: true }, { secondOrder: 'zero' }),
  reduction('Min', tf.min, { distinct: true }, { secondOrder: 'zero' }),
  opSpec({
    ...reduction('Prod', tf.prod, { range: [-1.5, 1.5] }),
    samples: [
      ...reduction('Prod', tf.prod, { range: [-1.5, 1.5] }).samples,
      { name: 'one zero', inputs: [{ shape: [2, 3], values: [2, 0, 3, 1, 2, 3] }], attrs: { axis: 1 } },
      { name: 'two zeros', inputs: [{ shape: [3], values: [0, 0, 3] }], attrs: {} },
    ],
  }),
  softmaxSpec('Softmax', (x) => tf.softmax(x)),
  softmaxSpec(
    'LogSoftmax',
    (x) => tf.engine().runKernel('LogSoftmax', { logits: x }, { axis: x.rank - 1 }) as tf.Tensor,
  ),
];
