// The formulas of attention in tiles, as kernels for the cpu backend: what core's rule asks of a backend.
import {
  type KernelConfig,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';

interface Inputs extends Record<'q' | 'k', TensorInfo> {
  readonly mask?: TensorInfo;
}
interface Forward extends Inputs {
  readonly v: TensorInfo;
}
interface Gradients extends Inputs, Record<'dy' | 'statistics', TensorInfo> {
  /** Not there where only the gradient of values is wanted. */
  readonly v?: TensorInfo;
  readonly y?: TensorInfo;
}
interface Attrs {
  readonly heads: number;
  readonly scale: number;
  readonly causal: boolean;
}
type Needs = Readonly<Record<'needQ' | 'needK' | 'needV', boolean>>;
interface Backend {
  readSync(dataId: object): ArrayLike<number>;
  makeTensorInfo(shape: number[], dtype: 'float32', values: number[]): TensorInfo;
}

/** Keys or queries that are looked at together. */
const tile = 2;

/** Rows of heads, and the score of a query and a key. */
function reader(backend: Backend, inputs: Inputs, { heads, scale, causal }: Attrs) {
  const { q, k, mask } = inputs;
  const [batches = 0, n = 0] = q.shape;
  const m = k.shape[1] ?? 0;
  const row = ({ dataId, shape }: TensorInfo, b: number, h: number, token: number): number[] => {
    const [, tokens = 0, all = 0] = shape;
    const start = (b * tokens + token) * all + (h * all) / heads;
    return Array.from(backend.readSync(dataId)).slice(start, start + all / heads);
  };
  const maskAt = (...index: number[]): number => {
    if (!mask) return 0;
    const at = mask.shape.reduce(
      (sum, size, axis) => sum * size + (size === 1 ? 0 : (index[axis + 4 - mask.shape.length] as number)),
      0,
    );
    return backend.readSync(mask.dataId)[at] as number;
  };
  const score = (b: number, h: number, i: number, j: number): number =>
    dot(row(q, b, h, i), row(k, b, h, j)) * scale + maskAt(b, h, i, j) + (causal && j > i + m - n ? -1e9 : 0);
  return { batches, heads, n, m, row, score };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

function forward({ inputs, attrs, backend }: { inputs: Forward; attrs: Attrs; backend: Backend }): TensorInfo[] {
  const width = (inputs.v.shape[2] ?? 0) / attrs.heads;
  const { batches, heads, n, m, row, score } = reader(backend, inputs, attrs);
  const y = new Array<number>(batches * n * heads * width);
  const statistics: number[] = [];
  for (let b = 0; b < batches; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < n; i++) {
        let [largest, total, sums] = [-Infinity, 0, new Array<number>(width).fill(0)];
        for (let key = 0; key < m; key += tile) {
          const keys = range(key, Math.min(key + tile, m));
          const scores = keys.map((j) => score(b, h, i, j));
          const peak = Math.max(largest, ...scores);
          const [kept, p] = [Math.exp(largest - peak), scores.map((s) => Math.exp(s - peak))];
          total = total * kept + p.reduce((sum, each) => sum + each, 0);
          sums = sums.map(
            (sum, c) =>
              sum * kept +
              dot(
                p,
                keys.map((j) => row(inputs.v, b, h, j)[c] as number),
              ),
          );
          largest = peak;
        }
        for (const [c, sum] of sums.entries()) y[((b * n + i) * heads + h) * width + c] = sum / total;
        statistics.push(largest, total);
      }
    }
  }
  return [
    backend.makeTensorInfo([batches, n, heads * width], 'float32', y),
    backend.makeTensorInfo([batches, heads, n, 2], 'float32', statistics),
  ];
}

function gradient(call: { inputs: Gradients; attrs: Attrs & Needs; backend: Backend }): TensorInfo[] {
  const { inputs, attrs, backend } = call;
  const { q, k, v, dy, y, statistics } = inputs;
  const { batches, heads, n, m, row, score } = reader(backend, inputs, attrs);
  const known = backend.readSync(statistics.dataId);
  const dv = { ...k, shape: [batches, m, dy.shape[2] ?? 0] };
  const made = { q: zerosOf(q), k: zerosOf(k), v: zerosOf(dv) };
  const addTo = (
    like: TensorInfo,
    to: number[],
    b: number,
    h: number,
    token: number,
    factor: number,
    from: number[],
  ) => {
    const [, tokens = 0, all = 0] = like.shape;
    const start = (b * tokens + token) * all + (h * all) / heads;
    for (const [c, each] of from.entries()) to[start + c] = (to[start + c] as number) + factor * each;
  };
  for (let at = 0; at < batches * heads * n * m; at++) {
    const [j, i, h, b] = [
      at % m,
      Math.floor(at / m) % n,
      Math.floor(at / m / n) % heads,
      Math.floor(at / m / n / heads),
    ];
    const of = 2 * ((b * heads + h) * n + i);
    const p = Math.exp(score(b, h, i, j) - (known[of] as number)) / (known[of + 1] as number);
    if (attrs.needV) addTo(dv, made.v, b, h, j, p, row(dy, b, h, i));
    if (!v || !y) continue;
    const ds = p * (dot(row(dy, b, h, i), row(v, b, h, j)) - dot(row(dy, b, h, i), row(y, b, h, i))) * attrs.scale;
    addTo(q, made.q, b, h, i, ds, row(k, b, h, j));
    addTo(k, made.k, b, h, j, ds, row(q, b, h, i));
  }
  const info = (like: TensorInfo, values: number[]) => backend.makeTensorInfo(like.shape, 'float32', values);
  return [
    ...(attrs.needQ ? [info(q, made.q)] : []),
    ...(attrs.needK ? [info(k, made.k)] : []),
    ...(attrs.needV ? [info(dv, made.v)] : []),
  ];
}

const zerosOf = ({ shape }: TensorInfo): number[] => new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0);

/** Runs `f` with these kernels on the cpu backend; without `fused` the rule composes the gradient. */
export function withFlashAttention(fused: boolean, f: () => void): void {
  const kernels: [string, unknown][] = [['tapgrad.FlashAttention', forward]];
  if (fused) kernels.push(['tapgrad.FlashAttentionGrad', gradient]);
  for (const [kernelName, run] of kernels) {
    const config: KernelConfig = { kernelName, backendName: 'cpu', kernelFunc: run as KernelFunc };
    registerKernel(config);
  }
  try {
    f();
  } finally {
    for (const [kernelName] of kernels) unregisterKernel(kernelName, 'cpu');
  }
}
