import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { i32, type Uniform, u32 } from '../uniforms.ts';
import type { Operand, Runs } from './product-spec.ts';

export type ConvInfo = backend_util.Conv2DInfo;

/** Sizes of a convolution, for `window_at` and `source_at`. */
export function windowUniforms(info: ConvInfo): Record<string, Uniform> {
  return {
    in_height: u32(info.inHeight),
    in_width: u32(info.inWidth),
    in_channels: u32(info.inChannels),
    out_height: u32(info.outHeight),
    out_width: u32(info.outWidth),
    out_channels: u32(info.outChannels),
    filter_width: u32(info.filterWidth),
    stride_y: i32(info.strideHeight),
    stride_x: i32(info.strideWidth),
    dilation_y: i32(info.dilationHeight),
    dilation_x: i32(info.dilationWidth),
    top: i32(info.padInfo.top),
    left: i32(info.padInfo.left),
  };
}

/** Positions as (x, y, image), found by division once and then step by step, and taps as what they are away from the first. */
const placeCode = `
fn place(p: u32, width: u32, height: u32) -> vec3u { return vec3u(p % width, p / width % height, p / (width * height)); }
fn beside(at: vec3u, width: u32, height: u32) -> vec3u {
  let x = at.x + 1u;
  let y = at.y + select(0u, 1u, x == width);
  return vec3u(select(x, 0u, x == width), select(y, 0u, y == height), at.z + select(0u, 1u, y == height));
}
fn reach(tap: u32) -> vec2i {
  return vec2i(i32(tap % uniforms.filter_width) * uniforms.dilation_x, i32(tap / uniforms.filter_width) * uniforms.dilation_y);
}`;

/**
 * `window_at(at, reach)`: the pixel of the input that a tap of the window at an output position sees, or −1 beside the image. `window_seen`: its column and row,
 * also beside the image.
 */
export const windowCode = `${placeCode}
fn window_place(p: u32) -> vec3u { return place(p, uniforms.out_width, uniforms.out_height); }
fn window_beside(at: vec3u) -> vec3u { return beside(at, uniforms.out_width, uniforms.out_height); }
fn window_seen(at: vec3u, reach: vec2i) -> vec2i {
  return vec2i(at.xy) * vec2i(uniforms.stride_x, uniforms.stride_y) + reach - vec2i(uniforms.left, uniforms.top);
}
fn window_at(at: vec3u, reach: vec2i) -> i32 {
  let to = window_seen(at, reach);
  if (to.y < 0 || to.x < 0 || to.y >= i32(uniforms.in_height) || to.x >= i32(uniforms.in_width)) { return -1; }
  return i32((at.z * uniforms.in_height + u32(to.y)) * uniforms.in_width + u32(to.x));
}`;

/** `source_at(at, reach)`: the output position whose window sees a pixel of the input with a tap, or −1 if none does. */
export const sourceCode = `${placeCode}
fn source_place(p: u32) -> vec3u { return place(p, uniforms.in_width, uniforms.in_height); }
fn source_beside(at: vec3u) -> vec3u { return beside(at, uniforms.in_width, uniforms.in_height); }
fn source_at(at: vec3u, reach: vec2i) -> i32 {
  let x = i32(at.x) + uniforms.left - reach.x;
  let y = i32(at.y) + uniforms.top - reach.y;
  if (y < 0 || x < 0 || y % uniforms.stride_y != 0 || x % uniforms.stride_x != 0) { return -1; }
  let to = vec2i(x / uniforms.stride_x, y / uniforms.stride_y);
  if (to.x >= i32(uniforms.out_width) || to.y >= i32(uniforms.out_height)) { return -1; }
  return i32((at.z * uniforms.out_height + u32(to.y)) * uniforms.out_width + u32(to.x));
}`;

/** One factor's element at `pixel`, which is −1 for none, and `channel`. */
const elementCode = (channels: string, aligned: boolean): string => `
fn element(pixel: i32, channel: u32) -> ${aligned ? 'vec4f' : 'f32'} {
  if (pixel < 0) { return ${aligned ? 'vec4f()' : '0f'}; }
  return a[(u32(pixel) * uniforms.${channels} + channel)${aligned ? ' / 4u' : ''}];
}`;

const ofFour = (type: string, element: (i: number) => string): string =>
  `${type}(${[0, 1, 2, 3].map(element).join(', ')})`;

/**
 * `window_run(at, to, stride, size)`: of the pixels that are `stride` apart in a row of the image, from (x, y) = `to` on, those inside, of which each
 * counts for `size` inner indices. `at` wraps around where the first one is not inside.
 */
const windowRunCode = `${windowCode}
fn window_run(at: vec3u, to: vec2i, stride: i32, size: u32) -> Run {
  let first = (max(-to.x, 0) + stride - 1) / stride;
  let behind = (i32(uniforms.in_width) - to.x + stride - 1) / stride;
  let count = select(0, max(behind - first, 0), to.y >= 0 && to.y < i32(uniforms.in_height));
  let pixel = (at.z * uniforms.in_height + u32(to.y)) * uniforms.in_width + u32(to.x);
  return Run(pixel * uniforms.in_channels, u32(first) * size, u32(count) * size);
}`;

/** What taps beside each other see lies side by side, unless the filter is dilated. */
function windowRuns({ inChannels, filterWidth, dilationWidth }: ConvInfo): Runs {
  return {
    length: (dilationWidth === 1 ? filterWidth : 1) * inChannels,
    step: '1u',
    code: `${windowRunCode}
fn run_a(batch: u32, o: u32, k: u32) -> Run {
  let at = window_place(o);
  return window_run(at, window_seen(at, reach(k / uniforms.in_channels)), 1, uniforms.in_channels);
}`,
  };
}

function sourceRuns({ outChannels }: ConvInfo): Runs {
  return {
    length: outChannels,
    step: '1u',
    code: `${sourceCode}
fn run_a(batch: u32, o: u32, k: u32) -> Run {
  let position = source_at(source_place(o), reach(k / uniforms.out_channels));
  return Run(u32(position) * uniforms.out_channels, 0u, select(0u, endless, position >= 0));
}`,
  };
}

/** Rows are pixels, inner indices taps and channels: the pixels that an output reads (`window_at`), or those that a gradient comes from. */
function pixelRows(info: TensorInfo, conv: ConvInfo, of: 'window' | 'source'): Operand {
  const channels = of === 'window' ? 'in_channels' : 'out_channels';
  const aligned = (of === 'window' ? conv.inChannels : conv.outChannels) % 4 === 0;
  const type = aligned ? 'mat4x4f' : 'vec4f';
  const positions = of === 'window' ? windowCode : sourceCode;
  return {
    info,
    variant: of,
    uniforms: windowUniforms(conv),
    runs: of === 'window' ? windowRuns(conv) : sourceRuns(conv),
    tiles: {
      type: aligned ? 'vec4<f32>' : 'f32',
      order: aligned ? 'block' : 'inner',
      code: `${positions}${elementCode(channels, aligned)}
fn load_a(batch: u32, o: u32, k: u32) -> ${type} {
  let tap = reach(k / uniforms.${channels});
  let channel = k % uniforms.${channels};
  let at0 = ${of}_place(o);
${[1, 2, 3].map((i) => `  let at${i} = ${of}_beside(at${i - 1});`).join('\n')}
  return ${ofFour(type, (i) => `element(select(-1, ${of}_at(at${i}, tap), o + ${i}u < uniforms.m), channel)`)};
}`,
    },
  };
}

/** a `[positions, taps · channels]` of a convolution: what each window sees. */
export function windowRows(x: TensorInfo, conv: ConvInfo): Operand {
  return pixelRows(x, conv, 'window');
}

/** a `[pixels, taps · out channels]` of the gradient for the input: what comes back to each pixel. */
export function sourceRows(dy: TensorInfo, conv: ConvInfo): Operand {
  return pixelRows(dy, conv, 'source');
}

/** a `[taps · channels, positions]` of the gradient for the filter: windows, transposed. */
export function windowColumns(x: TensorInfo, conv: ConvInfo): Operand {
  const aligned = conv.inChannels % 4 === 0;
  const one = (o: string): string =>
    `element(window_at(at, reach(min(${o}, uniforms.m - 1u) / uniforms.in_channels)), min(${o}, uniforms.m - 1u) % uniforms.in_channels)`;
  return {
    info: x,
    variant: 'window-columns',
    uniforms: windowUniforms(conv),
    runs: {
      length: conv.outWidth,
      step: 'u32(uniforms.stride_x) * uniforms.in_channels',
      code: `${windowRunCode}
fn run_a(batch: u32, o: u32, k: u32) -> Run {
  let at = window_place(k);
  var run = window_run(at, window_seen(at, reach(o / uniforms.in_channels)), uniforms.stride_x, 1u);
  run.at += o % uniforms.in_channels;
  return run;
}`,
    },
    tiles: {
      type: aligned ? 'vec4<f32>' : 'f32',
      order: 'outer',
      code: `${windowCode}${elementCode('in_channels', aligned)}
fn load_a(batch: u32, o: u32, k: u32) -> vec4f {
  let at = window_place(k);
  return ${aligned ? one('o') : ofFour('vec4f', (i) => one(`o + ${i}u`))};
}`,
    },
  };
}

/** b `[taps · out channels, channels]` of the gradient for the input: the filter, transposed tap by tap. */
export function filterColumns(filter: TensorInfo, { outChannels }: ConvInfo): Operand {
  const aligned = outChannels % 4 === 0;
  const type = aligned ? 'mat4x4f' : 'vec4f';
  const at = (i: number): string =>
    `(tap * uniforms.in_channels + min(o + ${i}u, uniforms.n - 1u)) * uniforms.out_channels + channel`;
  return {
    info: filter,
    variant: 'filter-columns',
    runs: {
      length: outChannels,
      step: '1u',
      code: `
fn run_b(batch: u32, o: u32, k: u32) -> Run {
  return Run((k / uniforms.out_channels * uniforms.in_channels + min(o, uniforms.n - 1u)) * uniforms.out_channels, 0u, endless);
}`,
    },
    tiles: {
      type: aligned ? 'vec4<f32>' : 'f32',
      order: aligned ? 'block' : 'inner',
      code: `
fn load_b(batch: u32, o: u32, k: u32) -> ${type} {
  let tap = k / uniforms.out_channels;
  let channel = k % uniforms.out_channels;
  return ${ofFour(type, (i) => (aligned ? `b[(${at(i)}) / 4u]` : `b[${at(i)}]`))};
}`,
    },
  };
}
