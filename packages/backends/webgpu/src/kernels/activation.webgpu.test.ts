import { runKernel, testActivations } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

testActivations();

it('reaches every element where workgroups are spread over two axes', async () => {
  const size = 65536 * 256 + 1;
  const x = tf.fill([size], 3);
  const [y] = runKernel('tapgrad.HardSwish', { x });
  const values = await y!.data();
  expect(values.every((each) => each === 3)).toBe(true);
  tf.dispose([x, y!]);
});
