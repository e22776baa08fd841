import { backend_util, GatherV2, Select, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { isCopyable } from '../strided-copy.ts';
import { u32 } from '../uniforms.ts';

const size = 64;
const main = `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= uniforms.count) { return; }`;

// Kernels that choose among elements, bit for bit: tfjs's read integers as floats, which loses bits beyond 2^24.

/** `y = t where condition, e elsewhere`; a condition of one axis chooses among rows. */
function registerSelect(): void {
  kernel<{ condition: TensorInfo; t: TensorInfo; e: TensorInfo }>(
    Select,
    ({ inputs: { condition, t, e }, gpu, stock }) => {
      if (!isCopyable(t) || t.dtype !== e.dtype) return stock();
      const y = gpu.output(t.shape, t.dtype);
      const count = util.sizeFromShape(t.shape);
      if (count === 0) return y;
      gpu.dispatch({
        name: 'select',
        read: { condition: [condition, 'i32'], t: [t, 'u32'], e: [e, 'u32'] },
        write: { y: [y, 'u32'] },
        uniforms: { count: u32(count), each: u32(count / util.sizeFromShape(condition.shape)) },
        code: () => `${main}
  if (condition[i / uniforms.each] != 0) { y[i] = t[i]; } else { y[i] = e[i]; }
}`,
        workgroups: Math.ceil(count / size),
      });
      return y;
    },
  );
}

interface GatherAttrs {
  readonly axis: number;
  readonly batchDims?: number;
}

/** Slices of x along an axis, in the order of `indices`; zeros for an index beyond the axis, which no kernel can report. */
function registerGather(): void {
  kernel<{ x: TensorInfo; indices: TensorInfo }, GatherAttrs>(
    GatherV2,
    ({ inputs: { x, indices }, attrs: { axis, batchDims = 0 }, gpu, stock }) => {
      if (!isCopyable(x)) return stock();
      const along = util.parseAxisParam(axis, x.shape)[0]!;
      const info = backend_util.segment_util.collectGatherOpShapeInfo(x as never, indices as never, along, batchDims);
      const y = gpu.output(info.outputShape, x.dtype);
      const count = util.sizeFromShape(info.outputShape);
      if (count === 0) return y;
      gpu.dispatch({
        name: 'gather',
        read: { x: [x, 'u32'], indices: [indices, 'i32'] },
        write: { y: [y, 'u32'] },
        uniforms: {
          count: u32(count),
          outer: u32(info.outerSize),
          extent: u32(info.dimSize),
          slice: u32(info.sliceSize),
          chosen: u32(util.sizeFromShape(indices.shape) / info.batchSize),
        },
        code: () => `${main}
  let place = i % uniforms.slice;
  var rest = i / uniforms.slice;
  let choice = rest % uniforms.chosen;
  rest /= uniforms.chosen;
  let batch = rest / uniforms.outer;
  let index = indices[batch * uniforms.chosen + choice];
  var bits = 0u;
  if (index >= 0 && index < i32(uniforms.extent)) {
    bits = x[(rest * uniforms.extent + u32(index)) * uniforms.slice + place];
  }
  y[i] = bits;
}`,
        workgroups: Math.ceil(count / size),
      });
      return y;
    },
  );
}

export function registerSelection(): void {
  registerSelect();
  registerGather();
}
