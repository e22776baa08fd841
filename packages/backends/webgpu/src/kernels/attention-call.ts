import type { TensorInfo } from '@tensorflow/tfjs-core';
import { f32, type Uniform, u32 } from '../uniforms.ts';
import { tile } from '../wgsl/attention-tiles.ts';

/** What forward and gradient of attention are given. */
export interface AttentionCall {
  readonly inputs: {
    /** `[batch, n, heads * d]` */
    readonly q: TensorInfo;
    /** `[batch, m, heads * d]` */
    readonly k: TensorInfo;
    /** Broadcasts to `[batch, heads, n, m]`. */
    readonly mask?: TensorInfo | undefined;
  };
  readonly attrs: { readonly heads: number; readonly scale: number; readonly causal: boolean };
}

export interface Sizes {
  readonly batches: number;
  readonly heads: number;
  readonly n: number;
  readonly m: number;
  /** Widths of one head of query and value. */
  readonly d: number;
  readonly e: number;
}

/** @param values what has the width of values */
export function sizesOf(heads: number, q: TensorInfo, k: TensorInfo, values: TensorInfo): Sizes {
  const [batches, n, width] = q.shape as [number, number, number];
  return { batches, heads, n, m: k.shape[1]!, d: width / heads, e: values.shape[2]! / heads };
}

/** The mask's buffer, if there is one. */
export function bindingsOf({ inputs: { mask } }: AttentionCall): Record<string, readonly [TensorInfo, string]> {
  return mask ? { mask: [mask, 'f32'] } : {};
}

export function uniformsOf({ inputs: { mask }, attrs }: AttentionCall, sizes: Sizes): Record<string, Uniform> {
  const { batches, heads, n, m } = sizes;
  const all = {
    batches: u32(batches),
    heads: u32(heads),
    n: u32(n),
    m: u32(m),
    scale: f32(attrs.scale),
    tile: u32(tile),
  };
  if (!mask) return all;
  const [mb, mh, mi, mj] = maskStrides(mask.shape);
  return { ...all, mb: u32(mb), mh: u32(mh), mi: u32(mi), mj: u32(mj) };
}

/** Floats between two neighbours along each axis of a mask that broadcasts to [batch, heads, n, m]; 0 where it repeats. */
function maskStrides(shape: readonly number[]): [number, number, number, number] {
  const strides: [number, number, number, number] = [0, 0, 0, 0];
  let stride = 1;
  for (let axis = 1; axis <= shape.length; axis++) {
    const length = shape.at(-axis)!;
    if (length > 1) strides[4 - axis] = stride;
    stride *= length;
  }
  return strides;
}

/**
 * Behind the last key that any query of the tile sees. Where some query sees no key, all are as far away from it, and
 * each has its share.
 */
export function keysSeen(causal: boolean): string {
  if (!causal) return 'uniforms.m';
  return 'select(uniforms.m, min(uniforms.m, first + 32u + uniforms.m - uniforms.n), uniforms.m >= uniforms.n)';
}

/** The first tile of queries of which one sees a key of this workgroup's tile. */
export function queriesSeeing(causal: boolean): string {
  if (!causal) return '0u';
  return 'select(0u, (max(first + uniforms.n, uniforms.m) - uniforms.m) / 32u * 32u, uniforms.m >= uniforms.n)';
}
