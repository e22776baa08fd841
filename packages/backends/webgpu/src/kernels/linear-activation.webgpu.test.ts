import { activatingLinear, gelu, grad, hardSwish, linear, silu } from '@tapgrad/core';
import { expectClose, runKernel, sample } from '@tapgrad/kernel-tests';
import { dispose, engine, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useWebgpu } from '../index.ts';
import { describeOnBoth } from '../test-lanes.ts';

beforeAll(() => useWebgpu());

const activations = {
  'tapgrad.Gelu': (z: Tensor) => gelu(z),
  'tapgrad.Silu': silu,
  'tapgrad.HardSwish': hardSwish,
};

describe.each(Object.keys(activations) as (keyof typeof activations)[])('a linear layer and %s', (kernel) => {
  const attrs = { kernel, ...(kernel === 'tapgrad.Gelu' && { approximate: 'none' as const }) };

  describeOnBoth('in one pass', () => {
    it('are, to the bit, one after the other', async () => {
      for (const shape of [
        [2, 5, 7],
        [33, 16],
        [3, 2, 1200],
        [0, 7],
      ]) {
        const width = shape.at(-1)!;
        const out = width === 7 ? 6 : 12;
        const [x, weight, bias] = [sample(shape, 'x'), sample([width, out], 'weight'), sample([out], 'bias')];
        const inputs = { x: x.tensor, weight: weight.tensor, ...(width !== 16 && { bias: bias.tensor }) };
        const pair = runKernel('tapgrad.LinearActivation', inputs, attrs);
        const apart = tidy(() => {
          const z = linear(inputs.x, inputs.weight, inputs.bias);
          return [z, activations[kernel](z)];
        });
        expect(pair.map((each) => each.shape)).toEqual(apart.map((each) => each.shape));
        const values = await Promise.all([...pair, ...apart].map((each) => each.data()));
        expectClose(values[0]!, values[2]!, 1e-6, Math.sqrt(width));
        const again = activations[kernel](pair[0]!);
        expect(values[1]).toEqual(await again.data());
        dispose([x.tensor, weight.tensor, bias.tensor, again, ...pair, ...apart]);
      }
    });
  });

  it('are computed by one kernel where they are expected, with the same gradients', async () => {
    const [x, weight, bias] = ['x', 'weight', 'bias'].map((key, i) => sample([[4, 8], [8, 6], [6]][i]!, key).tensor);
    const kernels = vi.spyOn(engine(), 'runKernel');
    const f = () => sum(activations[kernel](linear(x!, weight!, bias)));
    const wanted = { x: x!, weight: weight!, bias: bias! };
    const apart = grad(f, wanted);
    kernels.mockClear();
    const together = grad(() => activatingLinear(attrs, f), wanted);
    const names = kernels.mock.calls.map(([name]) => name);
    expect(names).toContain('tapgrad.LinearActivation');
    expect(names).not.toContain(kernel);
    kernels.mockRestore();
    for (const name of ['x', 'weight', 'bias'] as const) {
      expectClose(await together[name].data(), await apart[name].data(), 1e-6, 1);
    }
    dispose([x!, weight!, bias!, apart, together]);
  });
});

it('an activation of something else than the layer gave is computed of that', async () => {
  const [x, weight] = [tensor([[1, 2]]), tensor([[1], [1]])];
  const attrs = { kernel: 'tapgrad.HardSwish' } as const;
  const y = activatingLinear(attrs, () =>
    tidy(() => {
      linear(x, weight);
      return hardSwish(tensor([[-1]]));
    }),
  );
  expectClose(await y.data(), [-1 / 3], 1e-6);
  dispose([x, weight, y]);
});
