import type { TensorInfo } from '@tensorflow/tfjs-core';
import { kernel, like } from '../register.ts';

interface Projections {
  readonly q: TensorInfo;
  readonly k: TensorInfo;
  readonly v: TensorInfo;
}
interface AttentionNeeds {
  readonly needQ?: boolean;
  readonly needK?: boolean;
  readonly needV?: boolean;
}
interface NormNeeds {
  readonly needX?: boolean;
  readonly needWeight?: boolean;
  readonly needBias?: boolean;
}

/** The fused kernels of core's own ops. */
export function registerOwnOps(): void {
  for (const name of ['Gelu', 'Silu', 'HardSwish']) like('x', [`tapgrad.${name}`, `tapgrad.${name}Grad`], 'float32');
  like('y', ['tapgrad.ReluGrad', 'tapgrad.Relu6Grad'], 'float32');
  registerNorms();
  registerAttention();
  kernel<{ logits: TensorInfo }>('tapgrad.SoftmaxCrossEntropy', ({ inputs: { logits }, made }) => {
    const [rows] = logits.shape as [number, number];
    return [made([rows]), made([rows])];
  });
  like('logits', ['tapgrad.SoftmaxCrossEntropyGrad'], 'float32');
  kernel<{ dy: TensorInfo }, { rows: number }>('tapgrad.EmbeddingGrad', ({ inputs: { dy }, attrs, made }) =>
    made([attrs.rows, ...dy.shape.slice(1)]),
  );
}

function registerNorms(): void {
  for (const [name, statistics] of [
    ['LayerNorm', 2],
    ['RmsNorm', 1],
  ] as const) {
    kernel<{ x: TensorInfo }>(`tapgrad.${name}`, ({ inputs: { x }, made }) => [
      made(x.shape),
      ...Array.from({ length: statistics }, () => made(x.shape.slice(0, -1))),
    ]);
    like('x', [`tapgrad.${name}Apply`], 'float32');
  }
  for (const name of ['LayerNorm', 'RmsNorm', 'BatchNorm']) {
    kernel<{ x: TensorInfo }, NormNeeds>(`tapgrad.${name}Grad`, ({ inputs: { x }, attrs, made }) => {
      const { needX, needWeight, needBias } = attrs;
      const width = x.shape.slice(-1);
      return [...(needX ? [made(x.shape)] : []), ...[needWeight, needBias].filter(Boolean).map(() => made(width))];
    });
  }
}

function registerAttention(): void {
  kernel<Projections, { heads: number }>('tapgrad.Attention', ({ inputs: { q, k, v }, attrs: { heads }, made }) => {
    const [batch, n] = q.shape as [number, number, number];
    const [, m, width] = [k.shape[0], k.shape[1] as number, v.shape[2] as number];
    return [made([batch, n, width]), made([batch, heads, n, m])];
  });
  kernel<Projections, AttentionNeeds>('tapgrad.AttentionGrad', ({ inputs: { q, k, v }, attrs, made }) => {
    const { needQ, needK, needV } = attrs;
    return [needQ && q, needK && k, needV && v].flatMap((wanted) => (wanted ? [made(wanted.shape)] : []));
  });
}
