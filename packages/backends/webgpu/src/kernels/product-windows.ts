import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { i32, type Uniform, u32 } from '../uniforms.ts';
import type { Operand } from './product.ts';

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

/** `window_at(p, tap)`: the pixel of the input that `tap` of the window at output position `p` sees, or −1 beside the image. */
export const windowCode = `
fn window_at(p: u32, tap: u32) -> i32 {
  let y = i32(p / uniforms.out_width % uniforms.out_height) * uniforms.stride_y + i32(tap / uniforms.filter_width) * uniforms.dilation_y - uniforms.top;
  let x = i32(p % uniforms.out_width) * uniforms.stride_x + i32(tap % uniforms.filter_width) * uniforms.dilation_x - uniforms.left;
  if (y < 0 || x < 0 || y >= i32(uniforms.in_height) || x >= i32(uniforms.in_width)) { return -1; }
  let image = p / (uniforms.out_width * uniforms.out_height);
  return i32((image * uniforms.in_height + u32(y)) * uniforms.in_width + u32(x));
}`;

/** `source_at(p, tap)`: the output position whose window sees pixel `p` of the input with `tap`, or −1 if none does. */
export const sourceCode = `
fn source_at(p: u32, tap: u32) -> i32 {
  let y = i32(p / uniforms.in_width % uniforms.in_height) + uniforms.top - i32(tap / uniforms.filter_width) * uniforms.dilation_y;
  let x = i32(p % uniforms.in_width) + uniforms.left - i32(tap % uniforms.filter_width) * uniforms.dilation_x;
  if (y < 0 || x < 0 || y % uniforms.stride_y != 0 || x % uniforms.stride_x != 0) { return -1; }
  let at = vec2i(y / uniforms.stride_y, x / uniforms.stride_x);
  if (at.x >= i32(uniforms.out_height) || at.y >= i32(uniforms.out_width)) { return -1; }
  let image = p / (uniforms.in_width * uniforms.in_height);
  return i32((image * uniforms.out_height + u32(at.x)) * uniforms.out_width + u32(at.y));
}`;

/** One factor's element at `pixel`, which is −1 for none, and `channel`. */
const elementCode = (channels: string, aligned: boolean): string => `
fn element(pixel: i32, channel: u32) -> ${aligned ? 'vec4f' : 'f32'} {
  if (pixel < 0) { return ${aligned ? 'vec4f()' : '0f'}; }
  return a[(u32(pixel) * uniforms.${channels} + channel)${aligned ? ' / 4u' : ''}];
}`;

const ofFour = (type: string, element: (i: number) => string): string =>
  `${type}(${[0, 1, 2, 3].map(element).join(', ')})`;

/** Rows are pixels, inner indices taps and channels: the pixels that an output reads (`window_at`), or those that a gradient comes from. */
function pixelRows(info: TensorInfo, conv: ConvInfo, at: 'window_at' | 'source_at'): Operand {
  const channels = at === 'window_at' ? 'in_channels' : 'out_channels';
  const aligned = (at === 'window_at' ? conv.inChannels : conv.outChannels) % 4 === 0;
  const type = aligned ? 'mat4x4f' : 'vec4f';
  return {
    info,
    type: aligned ? 'vec4<f32>' : 'f32',
    order: aligned ? 'block' : 'inner',
    variant: `${at}`,
    uniforms: windowUniforms(conv),
    code: `${at === 'window_at' ? windowCode : sourceCode}${elementCode(channels, aligned)}
fn pixel(p: u32, tap: u32) -> i32 { return select(-1, ${at}(p, tap), p < uniforms.m); }
fn load_a(batch: u32, o: u32, k: u32) -> ${type} {
  let tap = k / uniforms.${channels};
  let channel = k % uniforms.${channels};
  return ${ofFour(type, (i) => `element(pixel(o + ${i}u, tap), channel)`)};
}`,
  };
}

/** a `[positions, taps · channels]` of a convolution: what each window sees. */
export function windowRows(x: TensorInfo, conv: ConvInfo): Operand {
  return pixelRows(x, conv, 'window_at');
}

/** a `[pixels, taps · out channels]` of the gradient for the input: what comes back to each pixel. */
export function sourceRows(dy: TensorInfo, conv: ConvInfo): Operand {
  return pixelRows(dy, conv, 'source_at');
}

/** a `[taps · channels, positions]` of the gradient for the filter: windows, transposed. */
export function windowColumns(x: TensorInfo, conv: ConvInfo): Operand {
  const aligned = conv.inChannels % 4 === 0;
  const one = (o: string): string =>
    `element(window_at(k, min(${o}, uniforms.m - 1u) / uniforms.in_channels), min(${o}, uniforms.m - 1u) % uniforms.in_channels)`;
  return {
    info: x,
    type: aligned ? 'vec4<f32>' : 'f32',
    order: 'outer',
    variant: 'window-columns',
    uniforms: windowUniforms(conv),
    code: `${windowCode}${elementCode('in_channels', aligned)}
fn load_a(batch: u32, o: u32, k: u32) -> vec4f { return ${aligned ? one('o') : ofFour('vec4f', (i) => one(`o + ${i}u`))}; }`,
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
    type: aligned ? 'vec4<f32>' : 'f32',
    order: aligned ? 'block' : 'inner',
    variant: 'filter-columns',
    code: `
fn load_b(batch: u32, o: u32, k: u32) -> ${type} {
  let tap = k / uniforms.out_channels;
  let channel = k % uniforms.out_channels;
  return ${ofFour(type, (i) => (aligned ? `b[(${at(i)}) / 4u]` : `b[${at(i)}]`))};
}`,
  };
}
