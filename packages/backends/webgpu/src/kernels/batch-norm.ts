import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { type KernelCall, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, u32 } from '../uniforms.ts';
import { sumMiddle } from './reduce-middle.ts';

interface Inputs {
  readonly dy: TensorInfo;
  readonly x: TensorInfo;
  readonly mean: TensorInfo;
  readonly variance: TensorInfo;
  readonly weight?: TensorInfo | null;
}
interface Attrs {
  readonly epsilon: number;
  readonly needX?: boolean;
  readonly needWeight?: boolean;
  readonly needBias?: boolean;
}

const size = 256;

/** `dx = weight rstd (dy − dbias / n − x̂ dweight / n)` over n values a channel. */
function inputGradient(
  gpu: TrainingBackend,
  { dy, x, mean, variance, weight }: Inputs,
  dweight: TensorInfo,
  dbias: TensorInfo,
  epsilon: number,
): TensorInfo {
  const dx = gpu.output(x.shape);
  const channels = x.shape.at(-1)!;
  const elements = util.sizeFromShape(x.shape);
  const [type, wide] = channels % 4 === 0 ? (['vec4<f32>', 4] as const) : (['f32', 1] as const);
  gpu.dispatch({
    name: 'batch-norm-grad',
    variant: weight ? 'weight' : '',
    read: {
      dy: [dy, type],
      x: [x, type],
      mean: [mean, type],
      variance: [variance, type],
      dweight: [dweight, type],
      dbias: [dbias, type],
      ...(weight && { weight: [weight, type] }),
    },
    write: { dx: [dx, type] },
    uniforms: {
      length: u32(elements / wide),
      channels: u32(channels / wide),
      count: f32(elements / channels),
      epsilon: f32(epsilon),
    },
    code: () => `
alias T = ${type};
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= uniforms.length) { return; }
  let c = i % uniforms.channels;
  let rstd = inverseSqrt(variance[c] + T(uniforms.epsilon));
  let along = (x[i] - mean[c]) * rstd * dweight[c];
  dx[i] = (dy[i] - (dbias[c] + along) / T(uniforms.count)) * rstd${weight ? ' * weight[c]' : ''};
}`,
    workgroups: Math.ceil(elements / wide / size),
  });
  return dx;
}

/**
 * Gradients of batch norm with the batch's own statistics: `dweight = Σ dy x̂`, `dbias = Σ dy` a channel, and dx;
 * those that are needed, in the order x, weight, bias.
 */
function gradient({ inputs, attrs, gpu }: KernelCall<Inputs, Attrs>): TensorInfo[] {
  const { dy, x, mean, variance } = inputs;
  const { epsilon, needX = false, needWeight = false, needBias = false } = attrs;
  const channels = x.shape.at(-1)!;
  const count = util.sizeFromShape(x.shape.slice(0, -1));
  if (count * channels === 0) {
    const shapes = [needX && x.shape, needWeight && [channels], needBias && [channels]];
    return shapes.filter((shape) => shape !== false).map((shape) => filled(gpu, shape, 'float32', 0));
  }
  const sums = sumMiddle(gpu, {
    name: 'batch-norm-parameters-grad',
    outer: 1,
    count,
    inner: channels,
    read: { dy: [dy, 'T'], x: [x, 'T'], mean: [mean, 'T'], variance: [variance, 'T'] },
    uniforms: { epsilon: f32(epsilon) },
    terms: ['dy[i] * (x[i] - mean[column]) * inverseSqrt(variance[column] + T(uniforms.epsilon))', 'dy[i]'],
  });
  const [dweight, dbias] = sums.map((sum) => ({ ...sum, shape: [channels] })) as [TensorInfo, TensorInfo];
  const made = needX ? [inputGradient(gpu, inputs, dweight, dbias, epsilon)] : [];
  for (const [need, sum] of [
    [needWeight, dweight],
    [needBias, dbias],
  ] as const) {
    if (need) made.push(sum);
    else gpu.disposeData(sum.dataId);
  }
  return made;
}

export function registerBatchNorm(): void {
  kernel('tapgrad.BatchNormGrad', gradient);
}
