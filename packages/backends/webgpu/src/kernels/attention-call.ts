import type { TensorInfo } from '@tensorflow/tfjs-core';
import { f32, type Uniform, u32 } from '../uniforms.ts';
import { held } from '../wgsl/attention-lanes.ts';
import { type Operand, tile } from '../wgsl/attention-tiles.ts';

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
  const { batches, heads, n, m, d, e } = sizes;
  const all = {
    batches: u32(batches),
    heads: u32(heads),
    n: u32(n),
    m: u32(m),
    scale: f32(attrs.scale),
    causal: u32(attrs.causal ? 1 : 0),
    tile: u32(tile),
    held: u32(held),
    d: u32(d),
    e: u32(e),
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
 * Behind the last key that any of the queries of a workgroup sees, so many from `first` on. Where some query sees no key, all are as far away from
 * it, and each has its share.
 */
export function keysSeen(queries: number): string {
  const seen = `min(uniforms.m, first + ${queries}u + uniforms.m - uniforms.n)`;
  return `select(uniforms.m, ${seen}, uniforms.causal != 0u && uniforms.m >= uniforms.n)`;
}

/** The first of the queries, `step` at a time, of which one sees a key of this workgroup. */
export function queriesSeeing(step: number): string {
  const seeing = `(max(first + uniforms.n, uniforms.m) - uniforms.m) / ${step}u * ${step}u`;
  return `select(0u, ${seeing}, uniforms.causal != 0u && uniforms.m >= uniforms.n)`;
}

/** How each buffer of attention is laid out. */
export function operandsOf({ d, e }: Sizes) {
  const of = (buffer: string, tokens: Operand['tokens'], width: number): Operand => ({ buffer, tokens, width });
  return {
    q: of('q', 'n', d),
    k: of('k', 'm', d),
    v: of('v', 'm', e),
    y: of('y', 'n', e),
    dy: of('dy', 'n', e),
    dq: of('dq', 'n', d),
    dk: of('dk', 'm', d),
    dv: of('dv', 'm', e),
  };
}
