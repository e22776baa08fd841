import { _FusedMatMul, BatchMatMul, broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Heap } from '../heap.ts';
import { callKernel, type KernelCall, kernel } from '../register.ts';

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
interface FusedInputs {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
  readonly bias?: TensorInfo | null | undefined;
  readonly preluActivationWeights?: TensorInfo | null | undefined;
}
interface FusedAttrs extends Transposes {
  readonly activation?: string | undefined;
  readonly leakyreluAlpha?: number | undefined;
}

/** Numbers that assembly/activate.ts knows activations by. */
const activations: Readonly<Record<string, number>> = { relu: 1, relu6: 2, leakyrelu: 3, sigmoid: 4, elu: 5 };

/** a [..., m, k] times b [..., k, n] (stored transposed if so said), batch dimensions broadcast, plus `bias` [n]. */
function matMul(
  heap: Heap,
  a: TensorInfo,
  b: TensorInfo,
  { transposeA, transposeB }: Transposes,
  bias = 0,
): TensorInfo {
  for (const { dtype } of [a, b]) {
    util.assert(dtype === 'float32', () => `matMul on wasm takes float32 tensors, got ${dtype}.`);
  }
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [n, kOfB] = transposeB ? [rowsB, columnsB] : [columnsB, rowsB];
  util.assert(
    k === kOfB,
    () => `matMul: inner dimensions ${k} and ${kOfB} of shapes ${a.shape} and ${b.shape} differ.`,
  );
  const batchA = a.shape.slice(0, -2);
  const batchB = b.shape.slice(0, -2);
  const batch = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const out = heap.output([...batch, m, n]);
  const count = util.sizeFromShape(batch);
  if (count * m * n === 0) return out;

  const product = (
    outer: number,
    rows: number,
    at: number,
    aStride: number,
    bt: number,
    bStride: number,
    ct: number,
  ): void =>
    heap.kernels.gemmBatched(
      outer,
      1,
      rows,
      n,
      k,
      at,
      columnsA,
      aStride,
      0,
      +transposeA,
      bt,
      columnsB,
      bStride,
      0,
      +transposeB,
      ct,
      n,
      rows * n,
      0,
      bias,
      0,
      heap.workspace,
    );
  const [aAt, bAt, outAt] = [heap.at(a), heap.at(b), heap.at(out)];
  const sizeA = util.sizeFromShape(batchA);
  const sizeB = util.sizeFromShape(batchB);
  if (sizeB === 1 && !transposeA) {
    product(1, count * m, aAt, 0, bAt, 0, outAt);
  } else if ((sizeA === count || sizeA === 1) && (sizeB === count || sizeB === 1)) {
    product(count, m, aAt, sizeA === 1 ? 0 : m * k, bAt, sizeB === 1 ? 0 : k * n, outAt);
  } else {
    const [indexA, indexB] = [broadcastIndex(batchA, batch), broadcastIndex(batchB, batch)];
    for (let i = 0; i < count; i++) {
      product(1, m, aAt + 4 * m * k * indexA(i), 0, bAt + 4 * k * n * indexB(i), 0, outAt + 4 * m * n * i);
    }
  }
  return out;
}

/** For a flat index into `to`, the flat index into `from`, which broadcasts to it. */
function broadcastIndex(from: readonly number[], to: readonly number[]): (index: number) => number {
  return (position) => {
    let index = position;
    let result = 0;
    let stride = 1;
    for (let d = 1; d <= to.length; d++) {
      const size = to.at(-d)!;
      const own = d <= from.length ? from.at(-d)! : 1;
      if (own > 1) result += (index % size) * stride;
      index = Math.floor(index / size);
      stride *= own;
    }
    return result;
  };
}

/** Adds a bias that broadcasts to y and applies an activation; y, which the caller owns, is reused or freed. */
export function finish(
  heap: Heap,
  product: TensorInfo,
  { bias, preluActivationWeights }: Pick<FusedInputs, 'bias' | 'preluActivationWeights'>,
  { activation = 'linear', leakyreluAlpha = 0 }: Pick<FusedAttrs, 'activation' | 'leakyreluAlpha'>,
): TensorInfo {
  let y = product;
  const replace = (next: TensorInfo): void => {
    heap.free(y);
    y = next;
  };
  if (bias != null) replace(callKernel(heap, 'Add', { a: y, b: bias }));
  const kind = activations[activation];
  if (kind !== undefined) {
    heap.kernels.activate(kind, util.sizeFromShape(y.shape), heap.at(y), leakyreluAlpha);
  } else if (activation === 'prelu') {
    replace(callKernel(heap, 'Prelu', { x: y, alpha: preluActivationWeights! }));
  } else {
    util.assert(activation === 'linear', () => `${activation} is no activation that the wasm backend fuses.`);
  }
  return y;
}

function fusedMatMul({ inputs, attrs, heap }: KernelCall<FusedInputs, FusedAttrs>): TensorInfo {
  const { a, b, bias, preluActivationWeights } = inputs;
  const n = attrs.transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
  const biasPerColumn = bias != null && util.sizeFromShape(bias.shape) === n && bias.shape.at(-1) === n;
  const y = matMul(heap, a, b, attrs, biasPerColumn ? heap.at(bias) : 0);
  return finish(heap, y, { bias: biasPerColumn ? null : bias, preluActivationWeights }, attrs);
}

export function registerMatMul(): void {
  kernel<{ a: TensorInfo; b: TensorInfo }, Transposes>(BatchMatMul, ({ inputs: { a, b }, attrs, heap }) =>
    matMul(heap, a, b, attrs),
  );
  kernel<FusedInputs, FusedAttrs>(_FusedMatMul, fusedMatMul);
}
