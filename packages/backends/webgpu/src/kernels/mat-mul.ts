import { _FusedMatMul, BatchMatMul, broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import type { TrainingBackend } from '../training-backend.ts';
import { type FinishAttrs, type FinishInputs, finishApart, finishInPlace } from './finish.ts';
import { isSplit, product } from './product.ts';
import { batchIndex, matrixOperand } from './product-matrix.ts';

interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}
interface Factors {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
}

/** `activation(a b + bias)`, a `[..., m, k]`, b `[..., k, n]` (stored transposed if so said), batch dimensions broadcast. */
function matMul(
  gpu: TrainingBackend,
  { a, b, ...finishInputs }: Factors & FinishInputs,
  { transposeA, transposeB, ...finishAttrs }: Transposes & FinishAttrs,
): TensorInfo {
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [rows, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [n, kOfB] = transposeB ? [rowsB, columnsB] : [columnsB, rowsB];
  util.assert(
    k === kOfB,
    () => `matMul: inner dimensions ${k} and ${kOfB} of shapes ${a.shape} and ${b.shape} differ.`,
  );
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const all = broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
  const shape = [...all, rows, n];
  const count = util.sizeFromShape(all);
  if (count * rows * n === 0) return gpu.output(shape);
  if (k === 0) {
    const zeros = callKernel(gpu, 'Fill', {}, { shape, value: 0, dtype: 'float32' });
    return finishApart(gpu, zeros, finishInputs, finishAttrs);
  }
  // With one matrix b, rows of all matrices a are rows of one.
  const merged = util.sizeFromShape(batchB) === 1 && !transposeA;
  const [batch, m, dimensions] = merged ? [1, count * rows, []] : [count, rows, all];
  const sizes = { batch, m, n, k };
  const split = isSplit(gpu, sizes);
  const finish = split ? undefined : finishInPlace(finishInputs, finishAttrs, n);
  const y = product(gpu, {
    name: 'mat-mul',
    shape,
    ...sizes,
    a: matrixOperand('a', a, transposeA, { outer: m, inner: k }, batchIndex('a', merged ? [] : batchA, dimensions)),
    b: matrixOperand('b', b, transposeB, { outer: n, inner: k }, batchIndex('b', merged ? [] : batchB, dimensions)),
    finish,
  });
  return finish ? y : finishApart(gpu, y, finishInputs, finishAttrs);
}

const isFloat = ({ a, b }: Factors): boolean => a.dtype === 'float32' && b.dtype === 'float32';

export function registerMatMul(): void {
  kernel<Factors, Transposes>(BatchMatMul, ({ inputs, attrs, gpu, stock }) =>
    isFloat(inputs) ? matMul(gpu, inputs, { ...attrs, activation: 'linear' }) : stock(),
  );
  kernel<Factors & FinishInputs, Transposes & FinishAttrs>(_FusedMatMul, ({ inputs, attrs, gpu, stock }) =>
    isFloat(inputs) ? matMul(gpu, inputs, attrs) : stock(),
  );
}
