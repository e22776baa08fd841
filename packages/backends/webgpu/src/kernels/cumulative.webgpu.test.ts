import * as tf from '@tensorflow/tfjs-core';
import { describe, it } from 'vitest';
import { expectAsOnCpu } from '../test-against-cpu.ts';

describe.each([[[5]], [[3, 65, 2]], [[200]]])('sums and products along axes of shape %j', (shape) => {
  const size = shape.reduce((product, extent) => product * extent);
  // Whole numbers, whose sums no order of additions changes.
  const values = Float32Array.from({ length: size }, (_, i) => ((i * 7) % 11) - 5);
  const axis = shape.length > 1 ? 1 : 0;
  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('exclusive %s, in reverse %s', async (exclusive, reverse) => {
    await expectAsOnCpu(() => tf.cumsum(tf.tensor(values, shape), axis, exclusive, reverse));
    const signs = values.map((value) => (value < 0 ? -1 : 1));
    await expectAsOnCpu(() => tf.cumprod(tf.tensor(signs, shape), axis, exclusive, reverse));
  });
});
