import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { filled } from '../filled.ts';
import { kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { u32 } from '../uniforms.ts';
import { type ConvInfo, sourceCode, windowCode, windowUniforms } from './product-windows.ts';
import { sumMiddle } from './reduce-middle.ts';

// tfjs's kernels of these names leave dilations out.

type Shape4 = [number, number, number, number];
interface Attrs {
  readonly strides: [number, number] | number;
  readonly dilations?: [number, number] | number;
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

function infoOf(inputShape: readonly number[], filterShape: readonly number[], attrs: Attrs): ConvInfo {
  const { strides, dilations = 1, pad, dimRoundingMode } = attrs;
  const shapes = [[...inputShape] as Shape4, [...filterShape] as Shape4] as const;
  return backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode, true);
}

/** `dfilter[tap, c, m] = Σ over p of window(x)[p, tap, c] dy[p, c · multiplier + m]`: a sum of columns for each tap. */
function filterGradient(gpu: TrainingBackend, x: TensorInfo, dy: TensorInfo, info: ConvInfo): TensorInfo {
  const shape = info.filterShape;
  const positions = info.batchSize * info.outHeight * info.outWidth;
  if (util.sizeFromShape(shape) * positions === 0) return filled(gpu, shape, 'float32', 0);
  const multiplier = shape[3];
  const wide = multiplier === 1 && info.outChannels % 4 === 0 ? 4 : 1;
  const [made] = sumMiddle(gpu, {
    name: 'depthwise-filter-grad',
    outer: info.filterHeight * info.filterWidth,
    count: positions,
    inner: info.outChannels,
    scalar: multiplier > 1,
    read: { x: [x, 'T'], dy: [dy, 'T'] },
    functions: `${windowCode}
fn seen(p: u32, tap: u32, column: u32) -> T {
  let pixel = window_at(window_place(p), reach(tap));
  if (pixel < 0) { return T(); }
  return x[u32(pixel) * uniforms.step + column / uniforms.multiplier];
}`,
    uniforms: { ...windowUniforms(info), step: u32(info.inChannels / wide), multiplier: u32(multiplier) },
    terms: ['seen(r, outer, column) * dy[r * uniforms.inner + column]'],
  });
  return { ...made!, shape };
}

const size = 256;

/** `dx[q, c] = Σ over taps and m of dy[p, c · multiplier + m] filter[tap, c, m]`, p being the position whose window sees pixel q with the tap. */
function inputGradient(gpu: TrainingBackend, dy: TensorInfo, filter: TensorInfo, info: ConvInfo): TensorInfo {
  const elements = util.sizeFromShape(info.inShape);
  if (elements * util.sizeFromShape(info.outShape) === 0) return filled(gpu, info.inShape, 'float32', 0);
  const dx = gpu.output(info.inShape);
  const multiplier = filter.shape[3]!;
  const wide = multiplier === 1 && info.inChannels % 4 === 0 ? 4 : 1;
  const type = wide === 4 ? 'vec4<f32>' : 'f32';
  gpu.dispatch({
    name: 'depthwise-input-grad',
    read: { dy: [dy, type], filter_values: [filter, type] },
    write: { dx: [dx, type] },
    uniforms: {
      ...windowUniforms(info),
      length: u32(elements / wide),
      taps: u32(info.filterHeight * info.filterWidth),
      channels: u32(info.inChannels / wide),
      multiplier: u32(multiplier),
    },
    code: () => `
${sourceCode}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let i = index_of(group, groups, local, ${size}u);
  if (i >= uniforms.length) { return; }
  let channel = i % uniforms.channels;
  let at = source_place(i / uniforms.channels);
  var sum = ${type}();
  for (var tap = 0u; tap < uniforms.taps; tap++) {
    let position = source_at(at, reach(tap));
    if (position < 0) { continue; }
    for (var m = 0u; m < uniforms.multiplier; m++) {
      sum += dy[(u32(position) * uniforms.channels + channel) * uniforms.multiplier + m]
        * filter_values[(tap * uniforms.channels + channel) * uniforms.multiplier + m];
    }
  }
  dx[i] = sum;
}`,
    workgroups: Math.ceil(elements / wide / size),
  });
  return dx;
}

/** Gradients of depthwise convolutions; filters are `[height, width, channels, multiplier]`. */
export function registerDepthwiseConvolutions(): void {
  kernel<{ x: TensorInfo; dy: TensorInfo }, Attrs & { filterShape: number[] }>(
    DepthwiseConv2dNativeBackpropFilter,
    ({ inputs: { x, dy }, attrs, gpu }) => filterGradient(gpu, x, dy, infoOf(x.shape, attrs.filterShape, attrs)),
  );
  kernel<{ dy: TensorInfo; filter: TensorInfo }, Attrs & { inputShape: number[] }>(
    DepthwiseConv2dNativeBackpropInput,
    ({ inputs: { dy, filter }, attrs, gpu }) =>
      inputGradient(gpu, dy, filter, infoOf(attrs.inputShape, filter.shape, attrs)),
  );
}
