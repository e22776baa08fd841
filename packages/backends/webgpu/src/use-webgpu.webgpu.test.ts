import { runKernelIfAny } from '@tapgrad/core';
import { dispose, getBackend, matMul, mul, type Tensor, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { useWebgpu } from './index.ts';

beforeAll(() => useWebgpu());

it('runs a product on the device', async () => {
  expect(getBackend()).toBe('webgpu');
  const a = tensor2d([1, 2, 3, 4], [2, 2]);
  const b = tensor2d([1, 1, 1, 1], [2, 2]);
  const product = matMul(a, b);
  expect([...(await product.data())]).toEqual([3, 3, 7, 7]);
  dispose([a, b, product]);
});

it('adds in place, also to what was read before', async () => {
  const a = tensor1d([1, 2, 3]);
  const b = tensor1d([10, 20, 30]);
  await a.data();
  dispose(runKernelIfAny('tapgrad.AddInPlace', { a, b }, {}) as Tensor);
  expect([...(await a.data())]).toEqual([11, 22, 33]);
  dispose([a, b]);
});

it('what has no elements can be read at once', () => {
  const none = tidy(() => mul(tensor2d([], [0, 3]), 2));
  expect(none.dataSync()).toEqual(new Float32Array());
  none.dispose();
});
