import { customRule, type OperandGradients, runKernelIfAny } from '@tapgrad/core';
import {
  add,
  batchNorm,
  div,
  mean,
  moments,
  mul,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import { chain } from './chain.ts';

const perChannel = [0, 1, 2];

interface TrainingAttributes {
  readonly epsilon: number;
  /** Told the statistics of the batch, once per forward. */
  readonly onStatistics: (mean: Tensor, variance: Tensor) => void;
}

/**
 * Batch normalisation with the statistics of the batch (Ioffe & Szegedy 2015, arXiv:1502.03167) as one node:
 * saves x and two values a channel, and its output can be recomputed from them.
 */
export const batchNormTraining = customRule<'x' | 'weight' | 'bias' | 'mean' | 'variance', TrainingAttributes>({
  name: 'tapgrad.BatchNorm',
  inputs: ['x', 'weight', 'bias'],
  aux: ['mean', 'variance'],
  forward({ x, weight, bias }, { epsilon, onStatistics }) {
    const statistics = moments(x as Tensor, perChannel);
    onStatistics(statistics.mean, statistics.variance);
    const y = normalized({ x, weight, bias, mean: statistics.mean, variance: statistics.variance }, epsilon);
    return [y, statistics.mean, statistics.variance];
  },
  recompute: (operands, { epsilon }) => normalized(operands, epsilon),
  saves: (need, { shapes }) => [
    ...(need.x || need.weight ? (['x', 'mean', 'variance'] as const) : []),
    need.x && shapes.weight && 'weight',
  ],
  // Values as large as x go as soon as the next one is there; what comes out of them is small.
  backward({ dy, saved, need, shapes, release, attrs: { epsilon } }) {
    const bias = () => sum(dy, perChannel);
    if (!need.x && !need.weight) return { bias };
    // Read here: what is restored inside a tidy would be gone behind it.
    const { x: values, mean: center, variance } = saved;
    const weight = need.x && shapes.weight ? saved.weight : undefined;
    const attrs = { epsilon, needX: need.x, needWeight: need.weight, needBias: need.bias };
    const operands = { dy, x: values, mean: center, variance, weight };
    const fused = runKernelIfAny('tapgrad.BatchNormGrad', operands, attrs);
    if (fused) return inOrder(need, Array.isArray(fused) ? fused : [fused]);
    const centred = (x: Tensor) => sub(x, center);
    const rstd = rsqrt(add(variance, epsilon));
    const along = tidy(() => sum(chain([centred, (x) => mul(dy, x)], values), perChannel));
    return {
      bias,
      weight: () => mul(along, rstd),
      x() {
        const slope = div(mul(along, square(rstd)), dy.size / along.size);
        const shift = mean(dy, perChannel);
        const scale = weight ? mul(weight, rstd) : rstd;
        const falling = (x: Tensor) => {
          release('x');
          return mul(x, slope);
        };
        const links = [centred, falling, (x: Tensor) => sub(dy, x), (x: Tensor) => sub(x, shift)];
        return chain([...links, (x: Tensor) => mul(x, scale)], values);
      },
    };
  },
});

type Affine = 'x' | 'weight' | 'bias';

/** The outputs of a fused gradient kernel, which gives only those needed, by operand. */
function inOrder(need: Readonly<Record<Affine, boolean>>, made: readonly Tensor[]): OperandGradients<Affine> {
  const wanted = (['x', 'weight', 'bias'] as const).filter((operand) => need[operand]);
  return Object.fromEntries(wanted.map((operand, index) => [operand, () => made[index] as Tensor]));
}

/** Batch normalisation with given statistics: a scale and a shift a channel. Saves x only where the weight trains. */
export const batchNormFixed = customRule<'x' | 'weight' | 'bias' | 'mean' | 'variance', { readonly epsilon: number }>({
  name: 'tapgrad.BatchNormFixed',
  inputs: ['x', 'weight', 'bias', 'mean', 'variance'],
  differentiable: ['x', 'weight', 'bias'],
  cheap: true,
  forward: (inputs, { epsilon }) => normalized(inputs, epsilon),
  saves: (need, { shapes }) => [
    need.weight && 'x',
    need.weight && 'mean',
    (need.weight || need.x) && 'variance',
    need.x && shapes.weight && 'weight',
  ],
  backward({ dy, saved, shapes, attrs: { epsilon } }) {
    const rstd = () => rsqrt(add(saved.variance, epsilon));
    return {
      bias: () => sum(dy, perChannel),
      weight: () => sum(mul(dy, mul(sub(saved.x, saved.mean), rstd())), perChannel),
      x: () => mul(dy, shapes.weight ? mul(saved.weight, rstd()) : rstd()),
    };
  },
});

interface Operands {
  readonly x?: Tensor | undefined;
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
  readonly mean?: Tensor | undefined;
  readonly variance?: Tensor | undefined;
}

function normalized({ x, weight, bias, mean: center, variance }: Operands, epsilon: number): Tensor {
  type Image = Parameters<typeof batchNorm>[0];
  return batchNorm(x as Image, center as never, variance as never, bias as never, weight as never, epsilon);
}
