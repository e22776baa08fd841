import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, it } from 'vitest';
import { gradcheck, gradgradcheck, sampleInputs } from './index.ts';

const shape = [2, 3];
const inputs = sampleInputs('complex', { inputs: [{ shape }, { shape }, { shape }, { shape }] });
afterAll(() => tf.dispose(inputs));

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** An op on two complex tensors, as a function of their four parts. */
function ofParts(op: Binary): (...parts: tf.Tensor[]) => tf.Tensor[] {
  return (a, b, c, d) => {
    const z = op(tf.complex(a!, b!), tf.complex(c!, d!));
    return [tf.real(z), tf.imag(z)];
  };
}

describe('gradients through complex numbers, to second order', () => {
  it.each<[string, Binary]>([
    ['add', tf.add],
    ['sub', tf.sub],
    ['mul', tf.mul],
    ['mul by its own conjugate', (z) => tf.mul(z, tf.complex(tf.real(z), tf.neg(tf.imag(z))))],
    ['mul by a real tensor', (z, w) => tf.mul(z, tf.real(w))],
    ['fft of a product', (z, w) => tf.fft(tf.mul(z, w))],
    ['reshape', (z, w) => tf.mul(tf.reshape(z, [6]), tf.reshape(w, [6]))],
  ])('%s', (_, op) => {
    gradcheck(ofParts(op), inputs);
    gradgradcheck(ofParts(op), inputs);
  });
});
