import { attach, definePlugin, Module, Parameter, type Plugin } from '@tapgrad/core';
import { sgd } from '@tapgrad/train';
import { mul, square, sum, type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { si, weightAveraging } from '../index.ts';
import { Learner } from '../test-streams.ts';

/** A loss whose gradient is the batch's inputs. */
class Slope extends Module {
  readonly weight = new Parameter(zeros([2]));

  override forward(x: Tensor): Tensor {
    return sum(mul(x, this.weight.read()));
  }
}

const gradients = [
  [1, -2],
  [0.5, -1],
];

async function afterTwoSteps(...others: Plugin[]) {
  const model = new Slope();
  const optimizer = sgd({ learningRate: 0.1 });
  const stack = attach<Tensor>(model, [si({ xi: 0.1 }), ...others], { loss: (value) => value, optimizer });
  const saved = (name: string) => Array.from(stack.state('plugins').tensors.get(`si/state/${name}`)?.dataSync() ?? []);
  for (const gradient of gradients) {
    const inputs = tensor(gradient);
    await (await stack.step({ inputs })).loss;
    inputs.dispose();
  }
  const omega = saved('omega/weight');
  await stack.end('task', { index: 0 });
  const importance = saved('importance/weight');
  stack.detach();
  optimizer.dispose();
  model.dispose();
  return { omega, importance };
}

describe('synaptic intelligence', () => {
  it('finds ω and Ω of the check in two steps of SGD', async () => {
    const { omega, importance } = await afterTwoSteps();
    expect(omega.map((each) => each.toFixed(12))).toEqual(['0.125000000000', '0.500000000000']);
    expect(importance.map((each) => each.toFixed(10))).toEqual(['1.0204081633', '2.6315789474']);
  });

  it('takes the gradient of the task alone, along the path that all terms made', async () => {
    const penalty = definePlugin({
      name: 'penalty',
      apply: ({ hooks, model }) => {
        const weight = (model as unknown as Slope).weight;
        hooks.loss.tap((terms) => ({ ...terms, penalty: mul(sum(weight.read()), 3) }));
      },
    });
    const { omega } = await afterTwoSteps(penalty());
    const expected = gradients.reduce(
      (all, gradient) => all.map((value, i) => value + (gradient[i] ?? 0) * 0.1 * ((gradient[i] ?? 0) + 3)),
      [0, 0],
    );
    for (const [i, value] of omega.entries()) expect(value).toBeCloseTo(expected[i] ?? 0, 12);
  });

  it('has a penalty and gradients of exactly zero at the first step of the next task, and then not', async () => {
    const each = new Learner([si({ c: 1 })]);
    await each.learn(0);
    await each.begin(1);
    const first = each.gradients(1);
    expect(first.terms.si).toBe(0);
    each.stack.setEnabled('si', false);
    expect(first.of).toEqual(each.gradients(1).of);
    each.stack.setEnabled('si', true);
    for (let i = 0; i < 2; i++) await each.step(1, i);
    const later = each.gradients(1);
    expect(Math.abs(later.terms.si ?? 0)).toBeGreaterThan(0);
    each.stack.setEnabled('si', false);
    expect(later.of).not.toEqual(each.gradients(1).of);
    each.dispose();
  });

  it('clips gradients to ±1 in the variant of the code', async () => {
    const each = new Learner([si({ variant: 'reference-code' })]);
    let largest = 0;
    const { optimizer } = each;
    const { step } = optimizer;
    optimizer.step = (parameters, given) => {
      for (const gradient of given.values()) largest = Math.max(largest, ...gradient.dataSync().map(Math.abs));
      step.call(optimizer, parameters, given);
    };
    for (const parameter of each.model.namedParameters().values()) {
      const large = mul(parameter.variable, 30);
      parameter.assign(large);
      large.dispose();
    }
    await each.step(0);
    expect(largest).toBe(1);
    each.dispose();
  });

  it('cannot be used with averaged weights, and says why', () => {
    const model = new Slope();
    expect(() => attach<Tensor>(model, [si(), weightAveraging()], { loss: (value) => sum(square(value)) })).toThrow(
      /PLUGIN_CONFLICT.*path integral/s,
    );
    model.dispose();
  });

  it('says that it needs backpropagation', async () => {
    const other = definePlugin({
      name: 'other',
      apply: ({ hooks, taskGradients }) => {
        hooks.backward.tap(({ batch }) => taskGradients(batch));
      },
    });
    const each = new Learner([si(), other()]);
    await expect(each.step(0)).rejects.toThrow(/SI_TASK_GRADIENT/);
    each.dispose();
  });

  it('keeps 2 P values in the first task and 3 P from then on, with P parameters, and copies of them in a step', async () => {
    const each = new Learner([si()]);
    const parameters = 4 * (5 * 6 + 6 + 6 * 4 + 4);
    const before = each.pluginBytes;
    const kept: number[] = [];
    await each.step(0);
    kept.push(each.pluginBytes - before);
    await each.learn(0);
    kept.push(each.pluginBytes - before);
    await each.step(1);
    kept.push(each.pluginBytes - before);
    expect(kept.map((bytes) => bytes / parameters)).toEqual([2, 2, 3]);
    each.stack.ledger.resetPeak();
    await each.step(1);
    // And, for a moment, one parameter's ω before and after.
    expect((each.stack.ledger.most().plugin - before) / parameters).toBe(4 + 30 / 64);
    each.dispose();
  });
});
