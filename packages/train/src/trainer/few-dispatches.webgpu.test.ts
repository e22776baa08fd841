import { useWebgpu } from '@tapgrad/backend-webgpu';
import { attach, disposeBatch, Module, Parameter, randomStream } from '@tapgrad/core';
import { addN, clone, engine, mul, reshape, split, sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it, vi } from 'vitest';
import { adam, adamw, type NamedStateOptimizer } from '../index.ts';
import type { TrainingEvent } from './events.ts';
import { Trainer } from './trainer.ts';

beforeAll(() => useWebgpu());

const sizes = [1, 5, 300, 64, 2, 7, 7, 12, 9];
const valuesOf = (what: string, i: number) => randomStream(1, what, i).normal(sizes[i] as number);

/** Its output, Σ c·w over all weights, has the gradients c. */
class Constant extends Module {
  readonly weights = sizes.map((_, i) => new Parameter(tensor(valuesOf('w', i))));

  /** @param c `[1, all]` */
  forward(c: Tensor): Tensor {
    const parts = split(reshape(c, [-1]), [...sizes]);
    return addN(this.weights.map((each, i) => sum(mul(each.read(), parts[i] as Tensor))));
  }
}

/** AdamW with decay on everything, after clipping, in float64. */
function expected(steps: number, largest: number): { values: number[][]; norm: number } {
  const gradients = sizes.map((_, i) => [...valuesOf('c', i)]);
  const norm = Math.sqrt(gradients.flat().reduce((total, each) => total + each * each, 0));
  const factor = Math.min(1, largest / (norm + 1e-6));
  const values = sizes.map((_, i) =>
    [...valuesOf('w', i)].map((start, j) => {
      const g = (gradients[i]?.[j] ?? 0) * factor;
      let [p, m, v] = [start, 0, 0];
      for (let t = 1; t <= steps; t++) {
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        p -= 0.01 * 0.1 * p + (0.01 * m) / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
      }
      return p;
    }),
  );
  return { values, norm };
}

async function trained(optimizer: NamedStateOptimizer, largest: number, steps: number) {
  const model = new Constant();
  const stack = attach(model, [], { loss: (outputs: Tensor) => outputs, optimizer });
  const all = sizes.flatMap((_, i) => [...valuesOf('c', i)]);
  const batch = { inputs: tensor(all, [1, all.length]), targets: tensor([0]) };
  const events: TrainingEvent[] = [];
  const onProgress = (event: TrainingEvent) => void events.push(event);
  await new Trainer(stack, { data: [batch], epochs: steps, clip: { norm: largest }, onProgress }).fit();
  const values = await Promise.all(model.weights.map(async ({ variable }) => [...(await variable.data())]));
  const norms = events.flatMap((event) => (event.kind === 'step' ? [event.gradientNorm as number] : []));
  stack.detach();
  optimizer.dispose();
  model.dispose();
  disposeBatch(batch);
  return { values, norms };
}

it.each([0.5, 1e3])('adamw clipped to %f updates all parameters at once, and agrees with float64', async (largest) => {
  const ran = vi.spyOn(engine(), 'runKernel');
  const { values, norms } = await trained(adamw({ learningRate: 0.01, weightDecay: 0.1, decay: '**' }), largest, 3);
  const called = ran.mock.calls.map(([name]) => name);
  ran.mockRestore();
  expect(called.filter((name) => name === 'tapgrad.AdamWAll')).toHaveLength(3);
  expect(called.filter((name) => name === 'tapgrad.ClipByGlobalNorm')).toHaveLength(3);
  const { values: wanted, norm } = expected(3, largest);
  for (const each of norms) expect(each).toBeCloseTo(norm, 3);
  for (const [i, row] of values.entries()) {
    for (const [j, each] of row.entries()) expect(each).toBeCloseTo(wanted[i]?.[j] as number, 5);
  }
});

it('a buffer that another tensor sees is copied first', async () => {
  const parameters = new Map([0, 1].map((i) => [`${i}`, new Parameter(tensor(valuesOf('w', i)))]));
  const gradients = new Map([0, 1].map((i) => [`${i}`, tensor(valuesOf('c', i))]));
  const optimizer = adam({ learningRate: 0.1 });
  const seen = [...parameters.values()].map(({ variable }) => clone(variable));
  optimizer.step(parameters, gradients);
  for (const [i, each] of seen.entries()) expect(await each.data()).toEqual(valuesOf('w', i));
  for (const [i, { variable }] of [...parameters.values()].entries()) {
    expect(await variable.data()).not.toEqual(valuesOf('w', i));
  }
  for (const each of [...seen, ...parameters.values(), ...gradients.values(), optimizer]) each.dispose();
});
