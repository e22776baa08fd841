import * as tf from '@tensorflow/tfjs-core';
import { it } from 'vitest';
import { expectAsOnCpu } from '../test-against-cpu.ts';

const [least, nan] = [Number.NEGATIVE_INFINITY, Number.NaN];
it('maxima of windows pass over NaN, find -Infinity, and give the gradient to the first of equals', async () => {
  const x = [0, 0, 1, 1, least, least, 0, nan, -3, -4, least, 2, least, least, 5, 5];
  const image = (): tf.Tensor4D => tf.tensor4d(x, [1, 4, 4, 1]);
  await expectAsOnCpu(() => tf.maxPool(image(), 2, 2, 'valid'));
  await expectAsOnCpu(() => tf.maxPool(image(), [3, 2], [1, 2], 'same'));
  const dy = (): tf.Tensor4D => tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const attrs = { filterSize: 2, strides: 2, pad: 'valid' };
  await expectAsOnCpu(
    () => tf.engine().runKernel('MaxPoolGrad', { dy: dy(), input: image(), output: dy() }, attrs) as tf.Tensor,
  );
});
