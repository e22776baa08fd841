import { attention } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';
import { expectAsOnCpu } from '../test-against-cpu.ts';

const shapes: readonly (readonly [number, number])[] = [
  [0, 3],
  [2, 0],
  [0, 0],
];

// tfjs's cpu backend gives NaN for the largest of none.
const ofNone = [
  ['max', tf.max, -Infinity],
  ['min', tf.min, Infinity],
  ['prod', tf.prod, 1],
  ['sum', tf.sum, 0],
  ['logSumExp', tf.logSumExp, -Infinity],
] as const;

describe.each(shapes)('of [%i, %i]', (...shape) => {
  it.each(ofNone)('%s along either axis', async (_name, fold, expected) => {
    await useWebgpu();
    for (const axis of [0, 1]) {
      const y = tf.tidy(() => fold(tf.zeros(shape), axis) as tf.Tensor);
      expect(y.shape).toEqual([shape[1 - axis]]);
      expect([...(await y.data())]).toEqual(Array(shape[1 - axis]).fill(expected));
      y.dispose();
    }
  });

  it.each([tf.softmax, tf.logSoftmax])('$name', (softmax) => expectAsOnCpu(() => softmax(tf.zeros(shape))));
});

it('attention to no key', () =>
  expectAsOnCpu(() => {
    const [q, none] = [tf.ones([1, 3, 8]), tf.zeros([1, 0, 8])] as const;
    return attention(q as tf.Tensor3D, none as tf.Tensor3D, none as tf.Tensor3D, { heads: 2, scale: 1 });
  }));
