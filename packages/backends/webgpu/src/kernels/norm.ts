import type { TensorInfo } from '@tensorflow/tfjs-core';
import { callKernel, type KernelCall, kernel } from '../register.ts';
import type { ElementType } from '../shader.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, u32 } from '../uniforms.ts';
import { sumMiddle } from './reduce-middle.ts';
import { type Rows, rowHead, rowMain, rowsOf } from './row.ts';

interface Inputs {
  readonly x: TensorInfo;
  readonly weight?: TensorInfo | null;
  readonly bias?: TensorInfo | null;
}
interface Statistics {
  /** Absent for RMS norm. */
  readonly mean?: TensorInfo | null;
  readonly rstd: TensorInfo;
}
interface Needs {
  readonly needX?: boolean;
  readonly needWeight?: boolean;
  readonly needBias?: boolean;
}
type Buffers = Record<string, readonly [TensorInfo, ElementType]>;

/** Those of the inputs that are there, as they are bound. */
function present(entries: Readonly<Record<string, readonly [TensorInfo | null | undefined, ElementType]>>): Buffers {
  return Object.fromEntries(Object.entries(entries).filter(([, [info]]) => info != null)) as Buffers;
}

/**
 * `x̂ · weight + bias` with `x̂ = (x − mean) · rstd`: the one text of it, in which no product and sum are left for a compiler to fuse,
 * so that `Apply` gives the forward's bits.
 */
function affineCode({ weight, bias }: Inputs, centered: boolean): string {
  const normalized = `(x[at]${centered ? ' - T(center)' : ''}) * T(scale)`;
  if (!weight) return bias ? `${normalized} + bias[j]` : normalized;
  return bias ? `fma(${normalized}, weight[j], bias[j])` : `${normalized} * weight[j]`;
}

const writeRow = (inputs: Inputs, centered: boolean): string => `
  for (var j = local; j < uniforms.length; j += lanes) {
    let at = first + j;
    y[at] = ${affineCode(inputs, centered)};
  }`;

const variantOf = ({ weight, bias }: Inputs, centered: boolean, { lanes }: Rows): string =>
  `${centered ? 'centred' : ''} ${weight ? 'weight' : ''} ${bias ? 'bias' : ''} ${lanes}`;

/**
 * Layer norm (Ba et al. 2016): mean = Σx / d, rstd = 1 / √(Σ(x − mean)² / d + ε), y = (x − mean) rstd weight + bias over the last axis.
 * RMS norm (Zhang & Sennrich 2019) has mean 0.
 */
const forward =
  (centered: boolean) =>
  ({ inputs, attrs, gpu }: KernelCall<Inputs, { epsilon: number }>): TensorInfo[] => {
    const { x, weight, bias } = inputs;
    const shape = rowsOf(gpu, x);
    const y = gpu.output(x.shape);
    const [rstd, mean] = [gpu.output(shape.leading), centered ? gpu.output(shape.leading) : undefined];
    if (shape.rows * shape.d > 0) {
      gpu.dispatch({
        name: 'norm',
        variant: variantOf(inputs, centered, shape),
        read: present({ x: [x, shape.type], weight: [weight, shape.type], bias: [bias, shape.type] }),
        write: present({ y: [y, shape.type], rstd: [rstd, 'f32'], mean: [mean, 'f32'] }),
        uniforms: { rows: u32(shape.rows), length: u32(shape.length), d: f32(shape.d), epsilon: f32(attrs.epsilon) },
        code: () => `${rowHead(shape)}
${rowMain}
${centered ? centerCode : 'const center = 0f;'}
  var squares = 0f;
  for (var j = local; j < uniforms.length; j += lanes) {
    let difference = x[first + j] - T(center);
    squares += across(difference * difference);
  }
  let scale = 1 / sqrt(combined(vec2f(squares), local).x / uniforms.d + uniforms.epsilon);
  if (local == 0u) { rstd[row] = scale; ${centered ? 'mean[row] = center;' : ''} }
${writeRow(inputs, centered)}
}`,
        workgroups: shape.rows,
      });
    }
    return mean ? [y, mean, rstd] : [y, rstd];
  };

const centerCode = `
  var sum = 0f;
  for (var j = local; j < uniforms.length; j += lanes) { sum += across(x[first + j]); }
  let center = combined(vec2f(sum), local).x / uniforms.d;`;

/** y from x and its statistics, the bits that the forward gave. */
function apply({ inputs, gpu }: KernelCall<Inputs & Statistics>): TensorInfo {
  const { x, mean, rstd, weight, bias } = inputs;
  const shape = rowsOf(gpu, x);
  const y = gpu.output(x.shape);
  if (shape.rows * shape.d === 0) return y;
  gpu.dispatch({
    name: 'norm-apply',
    variant: variantOf(inputs, mean != null, shape),
    read: present({
      x: [x, shape.type],
      mean: [mean, 'f32'],
      rstd: [rstd, 'f32'],
      weight: [weight, shape.type],
      bias: [bias, shape.type],
    }),
    write: { y: [y, shape.type] },
    uniforms: { rows: u32(shape.rows), length: u32(shape.length) },
    code: () => `${rowHead(shape)}
${rowMain}
  let scale = rstd[row];
  ${mean ? 'let center = mean[row];' : ''}
${writeRow(inputs, mean != null)}
}`,
    workgroups: shape.rows,
  });
  return y;
}

/** dx = rstd (g − Σg/d − x̂ Σ(g x̂)/d) with g = dy · weight; RMS norm has no Σg. */
function inputGradient(
  gpu: TrainingBackend,
  dy: TensorInfo,
  { x, weight, mean, rstd }: Inputs & Statistics,
): TensorInfo {
  const shape = rowsOf(gpu, x);
  const dx = gpu.output(x.shape);
  if (shape.rows * shape.d === 0) return dx;
  const load = `
    let g = dy[first + j]${weight ? ' * weight[j]' : ''};
    let normal = (x[first + j]${mean ? ' - T(mean[row])' : ''}) * T(scale);`;
  gpu.dispatch({
    name: 'norm-grad',
    variant: variantOf({ x, weight: weight ?? null }, mean != null, shape),
    read: present({
      dy: [dy, shape.type],
      x: [x, shape.type],
      mean: [mean, 'f32'],
      rstd: [rstd, 'f32'],
      weight: [weight, shape.type],
    }),
    write: { dx: [dx, shape.type] },
    uniforms: { rows: u32(shape.rows), length: u32(shape.length), d: f32(shape.d) },
    code: () => `${rowHead(shape)}
${rowMain}
  let scale = rstd[row];
  var sums = vec2f();
  for (var j = local; j < uniforms.length; j += lanes) {${load}
    sums += vec2f(${mean ? 'across(g)' : '0'}, across(g * normal));
  }
  let means = combined(sums, local) / uniforms.d;
  for (var j = local; j < uniforms.length; j += lanes) {${load}
    dx[first + j] = (g - T(means.x) - normal * T(means.y)) * T(scale);
  }
}`,
    workgroups: shape.rows,
  });
  return dx;
}

/** dx, dweight = Σ over rows of dy x̂, dbias = Σ over rows of dy; those that are needed, in this order. */
function gradient({ inputs, attrs, gpu }: KernelCall<{ dy: TensorInfo } & Inputs & Statistics, Needs>): TensorInfo[] {
  const { dy, x, mean, rstd } = inputs;
  const { rows, d } = rowsOf(gpu, x);
  const made = attrs.needX ? [inputGradient(gpu, dy, inputs)] : [];
  const normal = `(x[i]${mean ? ' - T(mean[row])' : ''}) * T(rstd[row])`;
  const terms = [attrs.needWeight && `dy[i] * ${normal}`, attrs.needBias && 'dy[i]'].filter(
    (term) => term !== false && term !== undefined,
  );
  if (terms.length === 0) return made;
  if (rows * d === 0)
    return [...made, ...terms.map(() => callKernel(gpu, 'Fill', {}, { shape: [d], value: 0, dtype: 'float32' }))];
  const read = attrs.needWeight
    ? present({ dy: [dy, 'T'], x: [x, 'T'], mean: [mean, 'f32'], rstd: [rstd, 'f32'] })
    : present({ dy: [dy, 'T'] });
  const name = `norm-${attrs.needWeight ? (mean ? 'weight' : 'rms-weight') : ''}${attrs.needBias ? 'bias' : ''}-grad`;
  const sums = sumMiddle(gpu, { name, outer: 1, count: rows, inner: d, read, terms });
  return [...made, ...sums.map((sum) => ({ ...sum, shape: [d] }))];
}

export function registerNorms(): void {
  kernel('tapgrad.LayerNorm', forward(true));
  kernel('tapgrad.LayerNormApply', apply);
  kernel('tapgrad.LayerNormGrad', gradient);
  kernel('tapgrad.RmsNorm', forward(false));
  kernel('tapgrad.RmsNormApply', apply);
  kernel('tapgrad.RmsNormGrad', gradient);
}
