import { Parameter } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useMeta } from './index.ts';

beforeEach(() => useMeta());
afterEach(() => void tf.setBackend('cpu'));

describe('a tensor of shape alone', () => {
  it('has shape, dtype and bytes, and no memory: one of a terabyte is no matter', () => {
    const x = tf.fill([1000, 1000, 1000, 250], 1);
    const y = tf.matMul(x, x, false, true);
    expect(y.shape).toEqual([1000, 1000, 1000, 1000]);
    expect(tf.memory().numBytes).toBeGreaterThanOrEqual(5e12);
    tf.dispose([x, y]);
  });

  it('of floats reads as NaN, also what the host wrote', async () => {
    const [x, y] = [tf.tensor([1, 2]), tf.tidy(() => tf.add(1, 2))];
    expect([...x.dataSync(), ...(await y.data())]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    tf.dispose([x, y]);
  });

  it('of integers reads as the host wrote it; what a kernel made cannot be read', async () => {
    const written = tf.tensor1d([3, 1], 'int32');
    const made = tf.add(written, written);
    expect([...written.dataSync()]).toEqual([3, 1]);
    expect(() => made.dataSync()).toThrow(expect.objectContaining({ code: 'META_NO_DATA' }));
    await expect(made.data()).rejects.toMatchObject({ code: 'META_NO_DATA' });
    tf.dispose([written, made]);
  });

  it('lives as long as a view of it', () => {
    const backend = tf.backend();
    const x = tf.ones([2, 3]);
    const view = tf.reshape(x, [6]);
    expect(backend.refCount(x.dataId)).toBe(2);
    x.dispose();
    expect(backend.numDataIds()).toBe(1);
    view.dispose();
    expect(backend.numDataIds()).toBe(0);
  });
});

describe('tensors of another backend', () => {
  it('stay there when meta computes with them, views included', async () => {
    await tf.setBackend('cpu');
    const x = tf.tensor([1, 2, 3, 4]);
    await useMeta();
    const [view, sum] = [tf.reshape(x, [2, 2]), tf.add(x, x)];
    expect(Number.isNaN(sum.dataSync()[0])).toBe(true);
    expect([...x.dataSync()]).toEqual([1, 2, 3, 4]);
    const stored = tf.variable(x, false);
    x.dispose();
    expect([...view.dataSync()]).toEqual([1, 2, 3, 4]);
    view.dispose();
    expect([...stored.dataSync()]).toEqual([1, 2, 3, 4]);
    tf.dispose([stored, sum]);
  });
});

describe('initial values', () => {
  it('are not computed', () => {
    const parameter = new Parameter({
      shape: [1e6, 1e6],
      make: () => {
        throw new Error('made');
      },
    });
    expect(parameter.variable.shape).toEqual([1e6, 1e6]);
    parameter.dispose();
  });
});
