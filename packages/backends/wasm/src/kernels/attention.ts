import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type KernelCall, kernel } from '../register.ts';

interface Inputs {
  readonly q: TensorInfo;
  readonly k: TensorInfo;
  readonly v: TensorInfo;
}
interface Attrs {
  readonly heads: number;
  readonly scale: number;
}
interface Needs {
  readonly needQ?: boolean;
  readonly needK?: boolean;
  readonly needV?: boolean;
}

interface Sizes {
  readonly batch: number;
  readonly n: number;
  readonly m: number;
  /** Widths of one head of query and value. */
  readonly d: number;
  readonly e: number;
}

function sizesOf({ q, k, v }: Inputs, heads: number): Sizes {
  const [batch, n, width] = q.shape as [number, number, number];
  return { batch, n, m: k.shape[1]!, d: width / heads, e: v.shape[2]! / heads };
}

/** Floats between two neighbours along each axis of a mask that broadcasts to [batch, heads, n, m]; 0 where it repeats. */
function maskStrides(shape: readonly number[]): [number, number, number, number] {
  const strides: [number, number, number, number] = [0, 0, 0, 0];
  let stride = 1;
  for (let axis = 1; axis <= shape.length; axis++) {
    const size = shape.at(-axis)!;
    if (size > 1) strides[4 - axis] = stride;
    stride *= size;
  }
  return strides;
}

function forward({
  inputs,
  attrs: { heads, scale, causal },
  heap,
}: KernelCall<Inputs & { mask?: TensorInfo | null }, Attrs & { causal: boolean }>): TensorInfo[] {
  const { batch, n, m, d, e } = sizesOf(inputs, heads);
  const context = heap.output([batch, n, heads * e]);
  const probabilities = heap.output([batch, heads, n, m]);
  const mask = inputs.mask ?? undefined;
  heap.kernels.attention(
    batch,
    heads,
    n,
    m,
    d,
    e,
    heap.at(inputs.q),
    heap.at(inputs.k),
    heap.at(inputs.v),
    heap.atOrNull(mask),
    ...maskStrides(mask?.shape ?? []),
    scale,
    +causal,
    heap.at(context),
    heap.at(probabilities),
    heap.workspace,
  );
  return [context, probabilities];
}

function gradient({
  inputs,
  attrs,
  heap,
}: KernelCall<Inputs & { dy: TensorInfo; probabilities: TensorInfo }, Attrs & Needs>): TensorInfo[] {
  const { dy, q, k, v, probabilities } = inputs;
  const { batch, n, m, d, e } = sizesOf(inputs, attrs.heads);
  const dq = attrs.needQ ? heap.output(q.shape) : undefined;
  const dk = attrs.needK ? heap.output(k.shape) : undefined;
  const dv = attrs.needV ? heap.output(v.shape) : undefined;
  heap.scratch(4 * n * m, (scores) =>
    heap.kernels.attentionGrad(
      batch,
      attrs.heads,
      n,
      m,
      d,
      e,
      heap.at(dy),
      heap.at(q),
      heap.at(k),
      heap.at(v),
      heap.at(probabilities),
      attrs.scale,
      heap.atOrNull(dq),
      heap.atOrNull(dk),
      heap.atOrNull(dv),
      scores,
      heap.workspace,
    ),
  );
  return [dq, dk, dv].filter((made) => made !== undefined);
}

export function registerAttention(): void {
  kernel('tapgrad.Attention', forward);
  kernel('tapgrad.AttentionGrad', gradient);
}
