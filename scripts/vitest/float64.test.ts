import '@tensorflow/tfjs-core/dist/register_all_gradients';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';

describe('the float64 engine', () => {
  it('keeps float32 tensors in Float64Arrays', () => {
    const x = tf.tensor([0.1, 0.2]);
    const y = tf.mul(x, 3);
    expect(x.dataSync()).toBeInstanceOf(Float64Array);
    expect(y.dataSync()[0]).toBe(0.1 * 3);
    tf.dispose([x, y]);
  });

  it('turns Float32Array in project sources into Float64Array, except where globalThis is named', () => {
    expect(new Float32Array([0.1])[0]).toBe(0.1);
    expect(new globalThis.Float32Array([0.1])[0]).toBe(Math.fround(0.1));
  });

  it('has central differences that agree with gradients to 2e-10', () => {
    tf.tidy(() => {
      const f = (x: tf.Tensor): tf.Scalar => tf.sum(tf.mul(tf.tanh(x), tf.exp(tf.sin(x))));
      const values = [-1.2, -0.3, 0.4, 1.7];
      const gradient = tf.grad(f)(tf.tensor(values)).dataSync();
      const step = 1e-5;
      values.forEach((value, index) => {
        const at = (moved: number): number => f(tf.tensor(values.with(index, moved))).dataSync()[0] as number;
        expect(Math.abs((at(value + step) - at(value - step)) / (2 * step) - (gradient[index] as number))).toBeLessThan(
          2e-10,
        );
      });
    });
  });

  it('runs tf.layers on the same engine', () => {
    const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3], kernelInitializer: 'ones' })] });
    const y = tf.tidy(() => (model.predict(tf.tensor([[0.1, 0.2, 0.3]])) as tf.Tensor).dataSync());
    expect(y[0]).toBeCloseTo(0.6, 14);
    model.dispose();
  });
});
