import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { f32, u32 } from '../uniforms.ts';

interface Attrs {
  readonly labelSmoothing: number;
}
interface Inputs {
  /** `[rows, classes]`. */
  readonly logits: TensorInfo;
  /** int32 `[rows]`; the forward kernel also takes float32 `[rows, classes]`. */
  readonly labels: TensorInfo;
}
interface GradInputs extends Inputs {
  readonly dy: TensorInfo;
  readonly logSumExp: TensorInfo;
}

/** Rows from here on are read by a large workgroup. */
const longRow = 1024;
const flat = 256;

/**
 * With targets t = (1 − s)·[j = label] + s/C (or of given distributions), n = log Σ exp x: loss = Σ t (n − x), and
 * dx = dy (exp(x − n) Σ t − t). A label that is no class has no peak. Nothing of the size of the logits is kept.
 */
export function registerCrossEntropy(): void {
  kernel<Inputs, Attrs>('tapgrad.SoftmaxCrossEntropy', ({ inputs: { logits, labels }, attrs, gpu }) => {
    const [rows, classes] = logits.shape as [number, number];
    const [loss, logSumExp] = [gpu.output([rows]), gpu.output([rows])];
    const dense = labels.shape.length === 2;
    const size = classes >= longRow ? 256 : 64;
    if (rows === 0) return [loss, logSumExp];
    gpu.dispatch({
      name: 'cross-entropy',
      variant: `${dense} ${size}`,
      read: { x: [logits, 'f32'], labels: [labels, dense ? 'f32' : 'i32'] },
      write: { loss: [loss, 'f32'], normalizer: [logSumExp, 'f32'] },
      uniforms: { rows: u32(rows), classes: u32(classes), smoothing: f32(attrs.labelSmoothing) },
      code: () => forward(size, dense),
      workgroups: rows,
    });
    return [loss, logSumExp];
  });
  kernel<GradInputs, Attrs>('tapgrad.SoftmaxCrossEntropyGrad', ({ inputs, attrs, gpu }) => {
    const { dy, logits, labels, logSumExp } = inputs;
    const dx = gpu.output(logits.shape);
    const length = util.sizeFromShape(logits.shape);
    if (length === 0) return dx;
    gpu.dispatch({
      name: 'cross-entropy-grad',
      read: { dy: [dy, 'f32'], x: [logits, 'f32'], labels: [labels, 'i32'], normalizer: [logSumExp, 'f32'] },
      write: { dx: [dx, 'f32'] },
      uniforms: { length: u32(length), classes: u32(logits.shape[1]!), smoothing: f32(attrs.labelSmoothing) },
      code: () => gradient,
      workgroups: Math.ceil(length / flat),
    });
    return dx;
  });
}

function forward(size: number, dense: boolean): string {
  const reduce = (name: string, type: string, combined: string) => `
var<workgroup> ${name}Parts: array<${type}, ${size}>;
fn ${name}(mine: ${type}, local: u32) -> ${type} {
  ${name}Parts[local] = mine;
  for (var half = ${size / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (local < half) { let a = ${name}Parts[local]; let b = ${name}Parts[local + half]; ${name}Parts[local] = ${combined}; }
  }
  workgroupBarrier();
  return ${name}Parts[0];
}`;
  return `
${reduce('sumOf', 'vec3f', 'a + b')}
${reduce('largestOf', 'f32', 'max(a, b)')}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= uniforms.rows) { return; }
  let first = row * uniforms.classes;
  var largest = -3.4e38;
  for (var j = local; j < uniforms.classes; j += ${size}u) { largest = max(largest, x[first + j]); }
  largest = largestOf(largest, local);
  let share = uniforms.smoothing / f32(uniforms.classes);
  var exps = 0.0;
  var targets = 0.0;
  var distance = 0.0;
  for (var j = local; j < uniforms.classes; j += ${size}u) {
    let below = largest - x[first + j];
    exps += exp(-below);
    let t = share + (1.0 - uniforms.smoothing) * ${dense ? 'labels[first + j]' : 'f32(labels[row] == i32(j))'};
    // What has no weight may be infinitely far away.
    if (t != 0.0) {
      targets += t;
      distance += t * below;
    }
  }
  let sums = sumOf(vec3f(exps, targets, distance), local);
  if (local == 0u) {
    loss[row] = sums.z + log(sums.x) * sums.y;
    normalizer[row] = largest + log(sums.x);
  }
}`;
}

const gradient = `
@compute @workgroup_size(${flat})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${flat}u);
  if (i >= uniforms.length) { return; }
  let row = i / uniforms.classes;
  let label = labels[row];
  let hit = label >= 0 && u32(label) < uniforms.classes;
  let peak = select(0.0, 1.0 - uniforms.smoothing, hit);
  let share = uniforms.smoothing / f32(uniforms.classes);
  let t = share + select(0.0, peak, u32(label) == i - row * uniforms.classes);
  dx[i] = dy[row] * (exp(x[i] - normalizer[row]) * (peak + uniforms.smoothing) - t);
}`;
