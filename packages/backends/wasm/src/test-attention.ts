// What the tests of attention kernels share: the formulas in float64, and shapes to try them on.

export interface AttentionSizes {
  readonly batch: number;
  readonly heads: number;
  readonly n: number;
  readonly m: number;
  readonly d: number;
  readonly e: number;
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

export const attentionCases: readonly (AttentionSizes & { causal: boolean; mask?: number[] })[] = [
  { batch: 1, heads: 1, n: 1, m: 1, d: 1, e: 1, causal: false },
  { batch: 2, heads: 3, n: 5, m: 7, d: 4, e: 6, causal: false },
  { batch: 2, heads: 3, n: 5, m: 7, d: 4, e: 6, causal: true },
  { batch: 2, heads: 2, n: 17, m: 17, d: 33, e: 5, causal: true, mask: [2, 1, 1, 17] },
  { batch: 2, heads: 2, n: 6, m: 9, d: 3, e: 3, causal: false, mask: [1, 2, 6, 9] },
  { batch: 2, heads: 2, n: 6, m: 9, d: 3, e: 3, causal: false, mask: [6, 1] },
  { batch: 2, heads: 2, n: 6, m: 9, d: 3, e: 3, causal: false, mask: [2, 2, 1, 1] },
  { batch: 1, heads: 3, n: 65, m: 65, d: 16, e: 16, causal: false },
  { batch: 0, heads: 2, n: 3, m: 3, d: 2, e: 2, causal: false },
];
