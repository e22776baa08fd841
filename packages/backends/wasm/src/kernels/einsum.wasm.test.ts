import { expectClose, matMul64, sample } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

describe('Einsum', () => {
  it('is a matrix product, a transpose, a trace of products', () => {
    const [a, b] = [sample([5, 7], 'a'), sample([7, 3], 'b')];
    tf.tidy(() => {
      expectClose(tf.einsum('ij,jk->ik', a.tensor, b.tensor), matMul64(a.values, b.values, 5, 3, 7));
      expect(tf.einsum('ij->ji', a.tensor).dataSync()).toEqual(tf.transpose(a.tensor).dataSync());
      expect(tf.einsum('ij->ij', a.tensor).dataSync()).toEqual(a.tensor.dataSync());
      expectClose(tf.einsum('ij,ij->', a.tensor, a.tensor), [a.values.reduce((sum, x) => sum + x * x, 0)]);
    });
    tf.dispose([a.tensor, b.tensor]);
  });

  it('leaves no buffer behind', () => {
    const [a, b] = [sample([2, 5, 7], 'a'), sample([2, 7, 3], 'b')];
    const before = tf.memory();
    const backend = tf.engine().backend;
    const buffers = backend.numDataIds();
    const y = tf.einsum('bij,bjk->bki', a.tensor, b.tensor);
    y.dispose();
    expect([tf.memory().numTensors, backend.numDataIds()]).toEqual([before.numTensors, buffers]);
    tf.dispose([a.tensor, b.tensor]);
  });
});
