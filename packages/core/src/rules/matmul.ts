import { matMul, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { sumTo } from './broadcast.ts';
import { rule } from './registry.ts';

export interface MatMulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Operands of a product `[..., m, k] × [..., k, n]` whose leading dimensions are broadcast; restored when read. */
export interface MatMulOperands {
  readonly saved: Readonly<Record<'a' | 'b', Tensor>>;
  readonly shapes: Readonly<Record<'a' | 'b', number[]>>;
  readonly attrs: MatMulAttributes;
}

rule<'a' | 'b', MatMulAttributes>('BatchMatMul', {
  inputs: ['a', 'b'],
  saves: (need) => [need.a && 'b', need.b && 'a'],
  backward: (context) => ({
    a() {
      const gradient = leftGradient(context.dy, context);
      context.release('b');
      return gradient;
    },
    b() {
      const gradient = rightGradient(context.dy, context);
      context.release('a');
      return gradient;
    },
  }),
});

/** Gradient of `a`, from the gradient `dz` of the product. Reads `b` alone. */
export function leftGradient(dz: Tensor, { saved, shapes, attrs }: MatMulOperands): Tensor {
  const { transposeA, transposeB } = attrs;
  return sumTo(transposeA ? matMul(saved.b, dz, transposeB, true) : matMul(dz, saved.b, false, !transposeB), shapes.a);
}

/** Gradient of `b`, from the gradient `dz` of the product. Reads `a` alone. */
export function rightGradient(dz: Tensor, { saved, shapes, attrs }: MatMulOperands): Tensor {
  const { transposeA, transposeB } = attrs;
  if (!transposeA && isUnbatched(shapes.b)) {
    // One long product instead of one a batch entry, whose results would have to be added up.
    const [rows, gradients] = [flattenRows(saved.a), flattenRows(dz)];
    const flat = transposeB ? matMul(gradients, rows, true, false) : matMul(rows, gradients, true, false);
    return reshape(flat, shapes.b);
  }
  return sumTo(transposeB ? matMul(dz, saved.a, true, transposeA) : matMul(saved.a, dz, !transposeA, false), shapes.b);
}

function isUnbatched(shape: readonly number[]): boolean {
  return shape.slice(0, -2).every((extent) => extent === 1);
}

function flattenRows(x: Tensor): Tensor {
  return x.rank === 2 ? x : reshape(x, [-1, x.shape[x.rank - 1]!]);
}
