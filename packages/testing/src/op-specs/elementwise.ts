import * as tf from '@tensorflow/tfjs-core';
import type { OpSpec } from '../op-spec.ts';
import { unary } from './families.ts';

export const elementwiseSpecs: readonly OpSpec[] = [
  unary('Neg', (x) => tf.neg(x), {}, { secondOrder: 'zero' }),
  unary('Abs', (x) => tf.abs(x), { avoid: [0] }, { secondOrder: 'zero' }),
  unary('Square', (x) => tf.square(x)),
  unary('Sqrt', (x) => tf.sqrt(x), { range: [0.2, 4] }),
  unary('Rsqrt', (x) => tf.rsqrt(x), { range: [0.3, 4] }),
  unary('Reciprocal', (x) => tf.reciprocal(x), { range: [0.3, 3] }),
  unary('Exp', (x) => tf.exp(x)),
  unary('Expm1', (x) => tf.expm1(x)),
  unary('Log', (x) => tf.log(x), { range: [0.2, 4] }),
  unary('Log1p', (x) => tf.log1p(x), { range: [-0.7, 3] }),
  unary('Sigmoid', (x) => tf.sigmoid(x), { range: [-4, 4] }),
  unary('Softplus', (x) => tf.softplus(x), { range: [-4, 4] }),
  unary('Erf', (x) => tf.erf(x)),
  unary('Sin', (x) => tf.sin(x), { range: [-4, 4] }),
  unary('Cos', (x) => tf.cos(x), { range: [-4, 4] }),
  unary('Tan', (x) => tf.tan(x), { range: [-1.2, 1.2] }),
  unary('Asin', (x) => tf.asin(x), { range: [-0.9, 0.9] }),
  unary('Acos', (x) => tf.acos(x), { range: [-0.9, 0.9] }),
  unary('Atan', (x) => tf.atan(x), { range: [-3, 3] }),
  unary('Sinh', (x) => tf.sinh(x)),
  unary('Cosh', (x) => tf.cosh(x)),
  unary('Tanh', (x) => tf.tanh(x)),
  unary('Asinh', (x) => tf.asinh(x), { range: [-3, 3] }),
  unary('Acosh', (x) => tf.acosh(x), { range: [1.2, 4] }),
  unary('Atanh', (x) => tf.atanh(x), { range: [-0.9, 0.9] }),
];
