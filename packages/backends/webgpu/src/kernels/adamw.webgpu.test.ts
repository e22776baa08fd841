import { expectClose, runKernel, sample } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { engine, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useWebgpu } from '../index.ts';
import type { TrainingBackend } from '../training-backend.ts';

beforeAll(() => useWebgpu());

const numbers = { learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** Algorithm 2 of Loshchilov and Hutter, in float64. */
function expected(p: Float64Array, m: Float64Array, v: Float64Array, g: Float64Array, decay: number, step: number) {
  for (let i = 0; i < p.length; i++) {
    m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
    v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
    const update = m[i]! / (1 - 0.9 ** step) / (Math.sqrt(v[i]! / (1 - 0.999 ** step)) + 1e-8);
    p[i] = p[i]! * (1 - 1e-2 * decay) - 1e-2 * update;
  }
}

function made(sizes: readonly number[]) {
  return sizes.map((size, i) => {
    const { tensor, values } = sample([size], `parameter ${i}`);
    const state = { m: new Float64Array(size), v: new Float64Array(size) };
    return { parameter: tensor, m: zeros([size]) as Tensor, v: zeros([size]) as Tensor, p64: values, ...{ state } };
  });
}

describe('AdamWAll', () => {
  it('updates parameters of any sizes, each with its own numbers, in few dispatches', async () => {
    const sizes = [1, 3, 0, 255, 256, 257, 1000, 5];
    const all = made(sizes);
    const gpu = engine().backend as TrainingBackend;
    const dispatched = vi.spyOn(gpu, 'dispatch');
    for (let step = 1; step <= 3; step++) {
      const gradients = sizes.map((size, i) => sample([size], `gradient ${i} ${step}`));
      const inputs: Record<string, Tensor> = {};
      for (const [i, { parameter, m, v }] of all.entries()) {
        Object.assign(inputs, { [`${i}/parameter`]: parameter, [`${i}/gradient`]: gradients[i]!.tensor });
        Object.assign(inputs, { [`${i}/m`]: m, [`${i}/v`]: v });
      }
      const updates = sizes.map((_, i) => ({ ...numbers, weightDecay: i / 10, step: step + i }));
      tf.dispose(runKernel('tapgrad.AdamWAll', inputs, { updates }));
      for (const [i, { p64, state }] of all.entries()) {
        expected(p64, state.m, state.v, gradients[i]!.values, i / 10, step + i);
        gradients[i]!.tensor.dispose();
      }
    }
    const perDispatch = Math.min(4, gpu.device.limits.maxStorageBuffersPerShaderStage >> 2);
    expect(dispatched).toHaveBeenCalledTimes(3 * Math.ceil(7 / perDispatch));
    dispatched.mockRestore();
    for (const { parameter, m, v, p64, state } of all) {
      expectClose(await parameter.data(), p64, 1e-5);
      expectClose(await m.data(), state.m, 1e-5);
      expectClose(await v.data(), state.v, 1e-5);
      tf.dispose([parameter, m, v]);
    }
  });

  it('a buffer that stands twice, and a gradient that is another parameter, are taken in order', async () => {
    const [a, b] = [sample([5], 'a'), sample([5], 'b')];
    const state = [zeros([5]), zeros([5]), zeros([5]), zeros([5]), zeros([5]), zeros([5])] as Tensor[];
    const operands = [a.tensor, b.tensor, state[0]!, state[1]!, b.tensor, a.tensor, state[2]!, state[3]!];
    operands.push(a.tensor, b.tensor, state[4]!, state[5]!);
    const names = ['parameter', 'gradient', 'm', 'v'];
    const inputs = Object.fromEntries(operands.map((operand, i) => [`${i >> 2}/${names[i % 4]}`, operand]));
    const updates = [0, 1, 2].map(() => ({ ...numbers, weightDecay: 0, step: 1 }));
    tf.dispose(runKernel('tapgrad.AdamWAll', inputs, { updates }));
    const fresh = () => new Float64Array(5);
    expected(a.values, fresh(), fresh(), b.values, 0, 1);
    expected(b.values, fresh(), fresh(), a.values, 0, 1);
    expected(a.values, fresh(), fresh(), b.values, 0, 1);
    expectClose(await a.tensor.data(), a.values, 1e-5);
    expectClose(await b.tensor.data(), b.values, 1e-5);
    tf.dispose([a.tensor, b.tensor, state]);
  });
});
