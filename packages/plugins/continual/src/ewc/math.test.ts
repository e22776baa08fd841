import { attach, definePlugin, Module, Parameter, record, type Task } from '@tapgrad/core';
import { dispose, mean, mul, neg, reshape, softplus, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { quadraticPenalty } from '../base/quadratic-penalty.ts';
import { isChosen } from './chosen-samples.ts';
import { fisherOf } from './fisher.ts';
import { decayed } from './math.ts';
import type { FisherOptions } from './options.ts';
import { sampledLabels } from './sampled-labels.ts';

describe('the penalty', () => {
  it('is λ Σ F (θ − θ*)², 10 where the check says so, with gradient [10, 20]', () => {
    const [theta, importance, anchor] = [tensor([1, 2]), tensor([0.5, 2]), tensor([0, 1.5])];
    const { value, tape } = record(() => mul(quadraticPenalty(theta, importance, anchor), 10), {
      parameters: { theta },
    });
    expect(value.dataSync()[0]).toBe(10);
    tape.backward(value);
    const gradients = tape.takeGradients();
    expect(Array.from((gradients.get('theta') as Tensor).dataSync())).toEqual([10, 20]);
    tape.dispose();
    dispose([theta, importance, anchor, value, ...gradients.values()]);
  });
});

/** P(y = 1 | x) = σ(w x), and every y is 1. */
class Logistic extends Module {
  readonly weight: Parameter;

  constructor(w: number) {
    super();
    this.weight = new Parameter(tensor([w]));
  }

  override forward(x: Tensor): Tensor {
    return mul(x, this.weight.read());
  }
}

async function fisherAt(w: number, fisher: FisherOptions['fisher']): Promise<number> {
  const model = new Logistic(w);
  let found = Number.NaN;
  const probe = definePlugin({
    name: 'probe',
    apply(context) {
      context.hooks.task.end.tap(async ({ task }) => {
        const options = { fisher, labels: 'data', sampledFrom: 'outputs', samples: 'all', batchSize: 2 } as const;
        const made = await fisherOf(context, task as Task, options);
        found = made.get('weight')?.dataSync()[0] ?? Number.NaN;
        dispose([...made.values()]);
      });
    },
  });
  const stack = attach<Tensor>(model, [probe()], { loss: (outputs) => mean(softplus(neg(outputs))) });
  const task: Task = {
    index: 0,
    name: 'signs',
    classes: [],
    *batches() {
      yield { inputs: tidy(() => reshape(tensor([1, -1]), [2, 1])) };
    },
  };
  await stack.end('task', { index: 0, task });
  stack.detach();
  model.dispose();
  return found;
}

describe('the Fisher information of a logistic model', () => {
  it.each<[FisherOptions['fisher'], number, number]>([
    ['per-sample', 0, 0.25],
    ['batch-mean', 0, 0],
    ['per-sample', 1, 0.3033880668],
    ['weighted', 1, 0.0983059666],
  ])('%s at w = %d is %d', async (fisher, w, expected) => {
    expect(await fisherAt(w, fisher)).toBeCloseTo(expected, 10);
  });
});

it('importance decays by γ', () => {
  const [before, fresh] = [tensor([4, 2]), tensor([1, 3])];
  const made = decayed(before, 0.5, fresh);
  expect(Array.from(made.dataSync())).toEqual([3, 4]);
  dispose([before, fresh, made]);
});

describe('samples that the Fisher information is taken from', () => {
  it.each([
    [10, 100],
    [7, 100],
    [3, 4],
    [1, 9],
  ])('are %d of %d, spread evenly', (count, size) => {
    const chosen = Array.from({ length: size }, (_, i) => i).filter((i) => isChosen(i, count, size));
    expect(chosen).toHaveLength(count);
    const gaps = chosen.slice(1).map((index, i) => index - (chosen[i] ?? 0));
    if (gaps.length > 0) expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  });

  it('are all if there are no more', () => {
    expect([0, 1, 2].every((i) => isChosen(i, 3, 3) && isChosen(i, 9, 3))).toBe(true);
  });
});

describe('labels of the model’s own', () => {
  const uniforms = (row: number) => ({ next: () => [0, 0.49, 0.51, 0.999][row] ?? 0 }) as never;

  it('follow what it predicts', async () => {
    const logits = zeros([4, 2]);
    const labels = await sampledLabels(logits, uniforms);
    expect(Array.from(labels.dataSync())).toEqual([0, 0, 1, 1]);
    dispose([logits, labels]);
  });

  it('can be those of a task alone', async () => {
    const logits = tensor([9, 1, 9, 1], [1, 4]);
    const labels = await sampledLabels(logits, () => ({ next: () => 0.7 }) as never, [1, 3]);
    expect(Array.from(labels.dataSync())).toEqual([3]);
    dispose([logits, labels]);
  });
});
