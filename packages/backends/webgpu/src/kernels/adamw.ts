import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import type { Dispatch } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, type Uniform, u32 } from '../uniforms.ts';

interface Operands {
  readonly parameter: TensorInfo;
  readonly gradient: TensorInfo;
  readonly m: TensorInfo;
  readonly v: TensorInfo;
}

interface Numbers {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Updates so far, this one included: 1 at the first. */
  readonly step: number;
}

type Update = Operands & Numbers;

const size = 256;
/** Uniforms of more would not fit beside each other. */
const mostPerDispatch = 4;

/**
 * m = β₁m + (1 − β₁)g;  v = β₂v + (1 − β₂)g²;  p = (1 − ηλ)p − η/(1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + ε), in place.
 * `AdamWAll` takes the operands of many parameters, `0/parameter`, `0/gradient`, `0/m`, `0/v`, `1/parameter`, …, and
 * the numbers of each in `updates`; as many go through one dispatch as its bindings allow.
 */
export function registerAdamW(): void {
  kernel<Operands, Numbers>('tapgrad.AdamW', ({ inputs, attrs, gpu }) => {
    updateAll(gpu, [{ ...inputs, ...attrs }]);
    return gpu.output([], 'int32');
  });
  kernel<Record<string, TensorInfo>, { updates: readonly Numbers[] }>(
    'tapgrad.AdamWAll',
    ({ inputs, attrs: { updates }, gpu }) => {
      const of = (i: number, name: string) => inputs[`${i}/${name}`] as TensorInfo;
      const all = updates.map((numbers, i) => ({
        ...numbers,
        parameter: of(i, 'parameter'),
        gradient: of(i, 'gradient'),
        m: of(i, 'm'),
        v: of(i, 'v'),
      }));
      updateAll(gpu, all);
      return gpu.output([], 'int32');
    },
  );
}

function updateAll(gpu: TrainingBackend, updates: readonly Update[]): void {
  const perDispatch = Math.min(mostPerDispatch, gpu.device.limits.maxStorageBuffersPerShaderStage >> 2);
  let batch: Update[] = [];
  for (const update of updates) {
    if (util.sizeFromShape(update.parameter.shape) === 0) continue;
    if (batch.length === perDispatch || shares(batch, update)) {
      gpu.dispatch(dispatchOf(batch));
      batch = [];
    }
    batch.push(update);
  }
  if (batch.length > 0) gpu.dispatch(dispatchOf(batch));
}

/** A buffer that is written may be bound once only, and what it holds now may be the gradient of another. */
function shares(batch: readonly Update[], { parameter, gradient, m, v }: Update): boolean {
  const written = [parameter, m, v].map(({ dataId }) => dataId);
  return batch.some((other) => {
    const theirs = [other.parameter, other.m, other.v].map(({ dataId }) => dataId);
    return (
      theirs.includes(gradient.dataId) || [...theirs, other.gradient.dataId].some((dataId) => written.includes(dataId))
    );
  });
}

function dispatchOf(batch: readonly Update[]): Dispatch {
  const [first] = batch as [Update];
  const read: Record<string, readonly [TensorInfo, string]> = {};
  const write: Record<string, readonly [TensorInfo, string]> = {};
  const uniforms: Record<string, Uniform> = {
    beta1: f32(first.beta1),
    beta2: f32(first.beta2),
    // 1 − β in float32 would have lost the digits of a β near 1.
    rest1: f32(1 - first.beta1),
    rest2: f32(1 - first.beta2),
    epsilon: f32(first.epsilon),
  };
  let groups = 0;
  for (const [k, { parameter, gradient, m, v, learningRate, beta1, beta2, weightDecay, step }] of batch.entries()) {
    const length = util.sizeFromShape(parameter.shape);
    read[`g${k}`] = [gradient, 'f32'];
    write[`p${k}`] = [parameter, 'f32'];
    write[`m${k}`] = [m, 'f32'];
    write[`v${k}`] = [v, 'f32'];
    uniforms[`first${k}`] = u32(groups);
    uniforms[`length${k}`] = u32(length);
    uniforms[`kept${k}`] = f32(1 - learningRate * weightDecay);
    uniforms[`rate${k}`] = f32(learningRate / (1 - beta1 ** step));
    uniforms[`root${k}`] = f32(1 / Math.sqrt(1 - beta2 ** step));
    groups += Math.ceil(length / size);
  }
  return {
    name: 'adamw',
    variant: `${batch.length}`,
    read,
    write,
    uniforms,
    code: () => codeOf(batch.length),
    workgroups: groups,
  };
}

function codeOf(count: number): string {
  const parts = Array.from({ length: count }, (_, k) => count - 1 - k).map(
    (k) => `if (w >= uniforms.first${k}) {
    let i = (w - uniforms.first${k}) * ${size}u + local;
    if (i < uniforms.length${k}) {
      let g = g${k}[i];
      let m = uniforms.beta1 * m${k}[i] + uniforms.rest1 * g;
      let v = uniforms.beta2 * v${k}[i] + uniforms.rest2 * g * g;
      m${k}[i] = m;
      v${k}[i] = v;
      p${k}[i] = uniforms.kept${k} * p${k}[i] - uniforms.rate${k} * m / (sqrt(v) * uniforms.root${k} + uniforms.epsilon);
    }
  }`,
  );
  return `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let w = group.y * groups.x + group.x;
  ${parts.join(' else ')}
}`;
}
