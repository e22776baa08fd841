import { activatingLinear, linear, silu } from '@tapgrad/core';
import {
  type KernelFunc,
  registerKernel,
  reshape,
  type TensorInfo,
  tensor,
  tidy,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core';
import { afterAll, expect, it } from 'vitest';
import { testActivatedLinear } from './test-activated-linear.ts';

interface Call {
  readonly inputs: Readonly<Record<'x' | 'weight', TensorInfo>> & { readonly bias?: TensorInfo };
  readonly backend: {
    readSync(dataId: object): ArrayLike<number>;
    makeTensorInfo(shape: number[], dtype: 'float32', values: number[]): TensorInfo;
  };
}

/** What the rule asks of a backend: `z = x · weight + bias` and `silu(z)`. */
function linearActivation({ inputs: { x, weight, bias }, backend }: Call): TensorInfo[] {
  const [k, n] = weight.shape as [number, number];
  const [a, b] = [backend.readSync(x.dataId), backend.readSync(weight.dataId)];
  const added = bias && backend.readSync(bias.dataId);
  const z = Array.from({ length: (util.sizeFromShape(x.shape) / k) * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    let total = added?.[column] ?? 0;
    for (let inner = 0; inner < k; inner++) total += a[row * k + inner]! * b[inner * n + column]!;
    return total;
  });
  const shape = [...x.shape.slice(0, -1), n];
  const y = z.map((each) => each / (1 + Math.exp(-each)));
  return [z, y].map((values) => backend.makeTensorInfo(shape, 'float32', values));
}

const kernel = { kernelName: 'tapgrad.LinearActivation', backendName: 'cpu' } as const;
registerKernel({ ...kernel, kernelFunc: linearActivation as unknown as KernelFunc });
afterAll(() => unregisterKernel(kernel.kernelName, kernel.backendName));

testActivatedLinear('Sigmoid', 1e-12);

it('an activation of the output in another shape has that shape', () => {
  const [x, weight] = [tensor([1, 2], [2, 1]), tensor([1, -1], [1, 2])];
  const [y, expected] = tidy(() => [
    activatingLinear({ kernel: 'tapgrad.Silu' }, () => silu(reshape(linear(x, weight), [4]))),
    silu(tensor([1, -1, 2, -2])),
  ]);
  expect(y!.shape).toEqual([4]);
  for (const [i, value] of expected!.dataSync().entries()) expect(y!.dataSync()[i]).toBeCloseTo(value, 12);
  for (const each of [x, weight, y!, expected!]) each.dispose();
});
