import {
  _FusedMatMul,
  BatchMatMul,
  backend_util,
  broadcast_util,
  Einsum,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { kernel, listed } from '../register.ts';

interface Operands {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
}
interface Transposes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function productShape({ a, b }: Operands, { transposeA, transposeB }: Transposes): number[] {
  const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
  const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
  const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
  const [n, kOfB] = transposeB ? [rowsB, columnsB] : [columnsB, rowsB];
  util.assert(k === kOfB, () => `matMul: inner dimensions ${k} and ${kOfB} of [${a.shape}] and [${b.shape}] differ`);
  return [...broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
}

export function registerMatMul(): void {
  for (const name of [BatchMatMul, _FusedMatMul]) {
    kernel<Operands, Transposes>(name, ({ inputs, attrs, made }) => made(productShape(inputs, attrs)));
  }
  kernel<TensorInfo[], { equation: string }>(Einsum, ({ inputs, attrs: { equation }, made, view }) => {
    const operands = listed(inputs);
    const { allDims, summedDims, idDims } = backend_util.decodeEinsumEquation(equation, operands.length);
    backend_util.checkEinsumDimSizes(allDims.length, idDims, operands as never);
    const kept = allDims.length - summedDims.length;
    const shape = Array.from({ length: kept }, (_, dim) => {
      const term = idDims.findIndex((dims) => dims.includes(dim));
      return (operands[term] as TensorInfo).shape[(idDims[term] as number[]).indexOf(dim)] as number;
    });
    const [only] = operands as [TensorInfo];
    const { permutationIndices: order } = backend_util.getEinsumPermutation(allDims.length, idDims[0] as number[]);
    // One operand of which nothing is summed or moved is the result itself.
    const shared = operands.length === 1 && summedDims.length === 0 && backend_util.isIdentityPermutation(order);
    return shared ? view(only, shape) : made(shape, only.dtype);
  });
}
