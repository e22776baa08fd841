interface AttentionSizes {
  readonly batch: number;
  readonly heads: number;
  readonly n: number;
  readonly m: number;
  readonly d: number;
  readonly e: number;
}

/** Sizes of an attention that a backend's kernel is tried on, and the shape of its mask. */
export interface AttentionCase extends AttentionSizes {
  readonly causal: boolean;
  readonly mask?: number[];
}

/** Element (b, h, i, j) of a mask that broadcasts to [batch, heads, n, m]. */
function maskAt(mask: { values: Float64Array; shape: number[] } | undefined, index: number[]): number {
  if (!mask) return 0;
  let at = 0;
  mask.shape.forEach((size, axis) => {
    at = at * size + (size === 1 ? 0 : index[axis + 4 - mask.shape.length]!);
  });
  return mask.values[at]!;
}

/** Attention and its gradients, element by element. */
export function attentionReference(
  { batch, heads, n, m, d, e }: AttentionSizes,
  q: Float64Array,
  k: Float64Array,
  v: Float64Array,
  dy: Float64Array,
  scale: number,
  causal: boolean,
  mask?: { values: Float64Array; shape: number[] },
): { context: Float64Array; probabilities: Float64Array; dq: Float64Array; dk: Float64Array; dv: Float64Array } {
  const context = new Float64Array(batch * n * heads * e);
  const probabilities = new Float64Array(batch * heads * n * m);
  const [dq, dk, dv] = [new Float64Array(q.length), new Float64Array(k.length), new Float64Array(v.length)];
  const Q = (b: number, i: number, h: number, c: number): number => (b * n + i) * heads * d + h * d + c;
  const K = (b: number, j: number, h: number, c: number): number => (b * m + j) * heads * d + h * d + c;
  const V = (b: number, j: number, h: number, c: number): number => (b * m + j) * heads * e + h * e + c;
  const Y = (b: number, i: number, h: number, c: number): number => (b * n + i) * heads * e + h * e + c;
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < n; i++) {
        const scores = Float64Array.from({ length: m }, (_, j) => {
          let s = 0;
          for (let c = 0; c < d; c++) s += q[Q(b, i, h, c)]! * k[K(b, j, h, c)]!;
          return s * scale + maskAt(mask, [b, h, i, j]) + (causal && j > i + m - n ? -1e9 : 0);
        });
        const largest = Math.max(...scores);
        const exps = scores.map((s) => Math.exp(s - largest));
        const total = exps.reduce((a, x) => a + x, 0);
        const p = exps.map((x) => x / total);
        probabilities.set(p, ((b * heads + h) * n + i) * m);
        const dp = new Float64Array(m);
        for (let j = 0; j < m; j++)
          for (let c = 0; c < e; c++) {
            context[Y(b, i, h, c)]! += p[j]! * v[V(b, j, h, c)]!;
            dv[V(b, j, h, c)]! += p[j]! * dy[Y(b, i, h, c)]!;
            dp[j]! += dy[Y(b, i, h, c)]! * v[V(b, j, h, c)]!;
          }
        const along = dp.reduce((a, x, j) => a + x * p[j]!, 0);
        for (let j = 0; j < m; j++)
          for (let c = 0; c < d; c++) {
            const ds = p[j]! * (dp[j]! - along) * scale;
            dq[Q(b, i, h, c)]! += ds * k[K(b, j, h, c)]!;
            dk[K(b, j, h, c)]! += ds * q[Q(b, i, h, c)]!;
          }
      }
  return { context, probabilities, dq, dk, dv };
}
