import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gradcheck, gradgradcheck, hasFloat64Engine } from './index.ts';

let x: tf.Tensor;
beforeAll(async () => {
  await tf.setBackend('cpu');
  x = tf.tensor1d([0.5, 1.5]);
});
afterAll(() => x.dispose());

it('gradcheck refuses a float32 engine, unless tolerances are given', () => {
  expect(hasFloat64Engine()).toBe(false);
  expect(() => gradcheck((a) => tf.exp(a), [x])).toThrow(/GRADCHECK_PRECISION/);
  expect(() => gradgradcheck((a) => tf.exp(a), [x], { eps: 1e-2 })).toThrow(/GRADCHECK_PRECISION/);
  gradcheck((a) => tf.exp(a), [x], { eps: 1e-2, atol: 1e-2, rtol: 1e-2 });
});
