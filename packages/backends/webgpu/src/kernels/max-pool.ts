import {
  backend_util,
  MaxPool,
  MaxPool3D,
  MaxPool3DGrad,
  MaxPoolGrad,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { f32, i32, type Uniform, u32 } from '../uniforms.ts';

// tfjs's kernels give the gradient to another one of equal maxima than its cpu kernels do, begin at -1e20 instead of
// -Infinity, and take one extent of a window for another in 3-D.

const size = 64;
type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Window = backend_util.Conv3DInfo;
interface Pool<Size> {
  readonly filterSize: Size | number;
  readonly strides: Size | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}
type Pool2d = Pool<[number, number]>;
type Pool3d = Pool<[number, number, number]>;

/** What windows cover, with 2-D as 3-D of depth 1. */
interface Windows {
  readonly outShape: number[];
  readonly uniforms: Readonly<Record<string, Uniform>>;
}

function windows(x: TensorInfo, info: backend_util.Conv2DInfo | Window): Windows {
  const in3d = 'inDepth' in info;
  const numbers = {
    inDepth: in3d ? info.inDepth : 1,
    inHeight: info.inHeight,
    inWidth: info.inWidth,
    outDepth: in3d ? info.outDepth : 1,
    outHeight: info.outHeight,
    outWidth: info.outWidth,
    channels: info.inChannels,
    filterDepth: in3d ? info.effectiveFilterDepth : 1,
    filterHeight: info.effectiveFilterHeight,
    filterWidth: info.effectiveFilterWidth,
    strideDepth: in3d ? info.strideDepth : 1,
    strideHeight: info.strideHeight,
    strideWidth: info.strideWidth,
    front: in3d ? info.padInfo.front : 0,
    top: info.padInfo.top,
    left: info.padInfo.left,
  };
  const uniforms = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, i32(value)]));
  return {
    outShape: info.outShape,
    uniforms: {
      ...uniforms,
      inputs: u32(util.sizeFromShape(x.shape)),
      outputs: u32(util.sizeFromShape(info.outShape)),
    },
  };
}

const info2d = (x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Pool2d): Windows =>
  windows(x, backend_util.computePool2DInfo(x.shape as Shape4, filterSize, strides, 1, pad, dimRoundingMode));
const info3d = (x: TensorInfo, { filterSize, strides, pad, dimRoundingMode }: Pool3d): Windows =>
  windows(x, backend_util.computePool3DInfo(x.shape as Shape5, filterSize, strides, 1, pad, dimRoundingMode, 'NDHWC'));

const main = `
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);`;

/** Index to batch (b), depth (d), height (h), width (w) and channel (c). */
const coordinates = (of: 'in' | 'out'): string => `
  let c = i32(i) % uniforms.channels;
  var rest = i32(i) / uniforms.channels;
  let w = rest % uniforms.${of}Width;
  rest /= uniforms.${of}Width;
  let h = rest % uniforms.${of}Height;
  rest /= uniforms.${of}Height;
  let d = rest % uniforms.${of}Depth;
  let b = rest / uniforms.${of}Depth;`;

type Wanted = 'maxima' | 'positions';
type Place = 'first' | 'last';

/** The largest number of each window, or where it stands among its batch's pixels; of equal ones the first or last; NaN is passed over. */
function pooled(gpu: TrainingBackend, x: TensorInfo, info: Windows, wanted: Wanted, ties: Place = 'first'): TensorInfo {
  const out = gpu.output(info.outShape, wanted === 'maxima' ? x.dtype : 'int32');
  const outputs = util.sizeFromShape(info.outShape);
  if (outputs === 0) return out;
  const type = x.dtype === 'float32' ? 'f32' : 'i32';
  gpu.dispatch({
    name: 'max-pool',
    variant: `${wanted} ${ties}`,
    read: { x: [x, type] },
    write: { y: [out, wanted === 'maxima' ? type : 'i32'] },
    uniforms: { ...info.uniforms, lowest: f32(Number.NEGATIVE_INFINITY) },
    code: () => `${main}
  if (i >= uniforms.outputs) { return; }${coordinates('out')}
  var best = uniforms.lowest;
  var position = -1;
  for (var dz = 0; dz < uniforms.filterDepth; dz++) {
    let z = d * uniforms.strideDepth - uniforms.front + dz;
    if (z < 0 || z >= uniforms.inDepth) { continue; }
    for (var dy = 0; dy < uniforms.filterHeight; dy++) {
      let row = h * uniforms.strideHeight - uniforms.top + dy;
      if (row < 0 || row >= uniforms.inHeight) { continue; }
      for (var dx = 0; dx < uniforms.filterWidth; dx++) {
        let column = w * uniforms.strideWidth - uniforms.left + dx;
        if (column < 0 || column >= uniforms.inWidth) { continue; }
        let pixel = (z * uniforms.inHeight + row) * uniforms.inWidth + column;
        let value = f32(x[(b * uniforms.inDepth * uniforms.inHeight * uniforms.inWidth + pixel) * uniforms.channels + c]);
        if (value ${ties === 'first' ? '>' : '>='} best) {
          best = value;
          position = pixel;
        }
      }
    }
  }
  y[i] = ${wanted === 'maxima' ? `${type}(best)` : 'position'};
}`,
    workgroups: Math.ceil(outputs / size),
  });
  return out;
}

/** `dx`: each output's gradient goes to where its maximum stands. Every input looks through the windows that it lies in. */
function gradient(gpu: TrainingBackend, dy: TensorInfo, x: TensorInfo, info: Windows, ties: Place): TensorInfo {
  const dx = gpu.output(x.shape, x.dtype);
  const inputs = util.sizeFromShape(x.shape);
  if (inputs === 0) return dx;
  const positions = pooled(gpu, x, info, 'positions', ties);
  gpu.dispatch({
    name: 'max-pool-grad',
    read: { dy: [dy, 'f32'], positions: [positions, 'i32'] },
    write: { dx: [dx, 'f32'] },
    uniforms: info.uniforms,
    code: () => `
// The first and the last window along an axis that cover a place.
fn covering(place: i32, before: i32, extent: i32, stride: i32, windows: i32) -> vec2i {
  let first = (place + before - extent + stride) / stride;
  return vec2i(max(0, select(0, first, place + before - extent + stride > 0)), min(windows - 1, (place + before) / stride));
}
${main}
  if (i >= uniforms.inputs) { return; }${coordinates('in')}
  let own = (d * uniforms.inHeight + h) * uniforms.inWidth + w;
  let depths = covering(d, uniforms.front, uniforms.filterDepth, uniforms.strideDepth, uniforms.outDepth);
  let rows = covering(h, uniforms.top, uniforms.filterHeight, uniforms.strideHeight, uniforms.outHeight);
  let columns = covering(w, uniforms.left, uniforms.filterWidth, uniforms.strideWidth, uniforms.outWidth);
  var sum = 0.0;
  for (var z = depths.x; z <= depths.y; z++) {
    for (var row = rows.x; row <= rows.y; row++) {
      for (var column = columns.x; column <= columns.y; column++) {
        let at = (((b * uniforms.outDepth + z) * uniforms.outHeight + row) * uniforms.outWidth + column) * uniforms.channels + c;
        if (positions[at] == own) { sum += dy[at]; }
      }
    }
  }
  dx[i] = sum;
}`,
    workgroups: Math.ceil(inputs / size),
  });
  gpu.disposeData(positions.dataId);
  return dx;
}

type Gradient = { readonly dy: TensorInfo; readonly input: TensorInfo };

export function registerMaxPools(): void {
  kernel<{ x: TensorInfo }, Pool2d>(MaxPool, ({ inputs: { x }, attrs, gpu }) =>
    pooled(gpu, x, info2d(x, attrs), 'maxima'),
  );
  kernel<{ x: TensorInfo }, Pool3d>(MaxPool3D, ({ inputs: { x }, attrs, gpu }) =>
    pooled(gpu, x, info3d(x, attrs), 'maxima'),
  );
  kernel<Gradient, Pool2d>(MaxPoolGrad, ({ inputs: { dy, input }, attrs, gpu }) =>
    gradient(gpu, dy, input, info2d(input, attrs), 'first'),
  );
  kernel<Gradient, Pool3d>(MaxPool3DGrad, ({ inputs: { dy, input }, attrs, gpu }) =>
    gradient(gpu, dy, input, info3d(input, attrs), 'last'),
  );
}
