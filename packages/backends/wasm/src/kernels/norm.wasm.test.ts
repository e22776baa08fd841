import { runKernel, sample, testNorms } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { heapBytes } from '../test-heap.ts';

beforeAll(() => useWasm());

testNorms();

describe.each([
  { name: 'LayerNorm', centered: true },
  { name: 'RmsNorm', centered: false },
])('$name', ({ name, centered }) => {
  it('a thousand runs with gradients leave no tensor and do not grow the heap', () => {
    const x = sample([20, 33], 'x');
    const step = (): void =>
      tf.tidy(() => {
        const [, ...statistics] = runKernel(`tapgrad.${name}`, { x: x.tensor }, { epsilon: 1e-5 });
        const named = centered ? { mean: statistics[0]!, rstd: statistics[1]! } : { rstd: statistics[0]! };
        runKernel(`tapgrad.${name}Grad`, { dy: x.tensor, x: x.tensor, ...named }, { needX: true, needWeight: true });
      });
    step();
    const before = [tf.memory().numTensors, heapBytes()];
    for (let i = 0; i < 1000; i++) step();
    expect([tf.memory().numTensors, heapBytes()]).toEqual(before);
    x.tensor.dispose();
  });
});
