import { Cumprod, Cumsum, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { type KernelRun, kernel } from '../register.ts';
import { u32 } from '../uniforms.ts';

const lanes = 64;

interface Attrs {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/**
 * `y_i = x_0 ∘ … ∘ x_i` along an axis, without `x_i` if exclusive, from the end if in reverse; ∘ is + or ·.
 * A workgroup takes one line, in pieces of 64: each is scanned in log2(64) rounds (Hillis and Steele 1986) and begins
 * with what the last one came to. tfjs's kernel compiles the length of the first line that it sees into its shader.
 */
const cumulative =
  (operator: '+' | '*', identity: 0 | 1): KernelRun<{ x: TensorInfo }, Attrs> =>
  ({ inputs: { x }, attrs, gpu, stock }) => {
    if (x.dtype !== 'float32' && x.dtype !== 'int32') return stock();
    const axis = util.parseAxisParam(attrs.axis, x.shape)[0]!;
    const length = x.shape[axis]!;
    const inner = util.sizeFromShape(x.shape.slice(axis + 1));
    const y = gpu.output(x.shape, x.dtype);
    const total = util.sizeFromShape(x.shape);
    if (total === 0) return y;
    const type = x.dtype === 'float32' ? 'f32' : 'i32';
    gpu.dispatch({
      name: 'cumulative',
      variant: operator,
      read: { x: [x, type] },
      write: { y: [y, type] },
      uniforms: {
        lines: u32(total / length),
        length: u32(length),
        inner: u32(inner),
        exclusive: u32(+attrs.exclusive),
        reverse: u32(+attrs.reverse),
      },
      code: () => `
var<workgroup> partial: array<${type}, ${lanes}>;
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let line = index_of(group, groups, 0u, 1u);
  let is_line = line < uniforms.lines;
  let start = (line / uniforms.inner) * uniforms.length * uniforms.inner + line % uniforms.inner;
  var carried = ${type}(${identity});
  for (var first = 0u; first < uniforms.length; first += ${lanes}u) {
    let step = first + lane;
    let within = is_line && step < uniforms.length;
    let place = start + select(step, uniforms.length - 1u - step, uniforms.reverse == 1u) * uniforms.inner;
    var own = ${type}(${identity});
    if (within) { own = x[place]; }
    partial[lane] = own;
    for (var reach = 1u; reach < ${lanes}u; reach *= 2u) {
      workgroupBarrier();
      var before = ${type}(${identity});
      if (lane >= reach) { before = partial[lane - reach]; }
      workgroupBarrier();
      partial[lane] = before ${operator} partial[lane];
    }
    workgroupBarrier();
    var result = carried ${operator} partial[lane];
    if (uniforms.exclusive == 1u) {
      result = carried;
      if (lane > 0u) { result = carried ${operator} partial[lane - 1u]; }
    }
    if (within) { y[place] = result; }
    carried = carried ${operator} partial[${lanes - 1}u];
    workgroupBarrier();
  }
}`,
      workgroups: total / length,
    });
    return y;
  };

export function registerCumulative(): void {
  kernel(Cumsum, cumulative('+', 0));
  kernel(Cumprod, cumulative('*', 1));
}
