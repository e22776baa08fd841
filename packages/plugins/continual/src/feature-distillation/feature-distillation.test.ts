import { definePlugin, type Plugin } from '@tapgrad/core';
import { add, dispose, relu, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { featureDistillation, lwf } from '../index.ts';
import { blob, Learner } from '../test-streams.ts';
import { featureDistance } from './math.ts';

let learner: Learner | undefined;
const learnerWith = (...plugins: Plugin[]) => {
  learner = new Learner(plugins);
  return learner;
};

afterEach(() => {
  learner?.dispose();
  learner = undefined;
});

it('distances are the mean squared difference, and 1 − cos', () => {
  tidy(() => {
    const [a, b] = [tensor([1, 0, 0, 2], [2, 2]), tensor([0, 1, 0, 1], [2, 2])];
    expect(featureDistance(a, b, 'l2').dataSync()[0]).toBe(3 / 4);
    expect(featureDistance(a, b, 'cosine').dataSync()[0]).toBeCloseTo(0.5, 12);
  });
});

describe('feature distillation', () => {
  it('compares what goes into the last linear layer with the last model’s', async () => {
    const each = learnerWith(featureDistillation());
    await each.learn(0);
    const batch = blob(1, 0);
    const features = () => tidy(() => relu(each.model.hidden.call(batch.inputs)));
    const taught = features();
    expect(each.gradients(1).terms['feature-distillation']).toBe(0);
    for (let i = 0; i < 2; i++) await each.step(1, i);
    const now = features();
    const expected = tidy(() => featureDistance(now, taught, 'l2').dataSync()[0] ?? Number.NaN);
    expect(expected).toBeGreaterThan(1e-6);
    expect(each.gradients(1).terms['feature-distillation']).toBeCloseTo(expected, 12);
    dispose([taught, now, ...Object.values(batch)] as Tensor[]);
  });

  it('has a gradient below its tap and none above', async () => {
    const each = learnerWith(featureDistillation({ distance: 'cosine' }));
    await each.learn(0);
    for (let i = 0; i < 2; i++) await each.step(1, i);
    const withTerm = each.gradients(1).of;
    each.stack.setEnabled('feature-distillation', false);
    const without = each.gradients(1).of;
    expect(withTerm['hidden.weight']).not.toEqual(without['hidden.weight']);
    expect(withTerm['head.weight']).toEqual(without['head.weight']);
  });

  it('sums several points', async () => {
    const terms: number[] = [];
    for (const at of ['hidden', 'head', ['hidden', 'head'], '{hidden,head}:output']) {
      const each = learnerWith(featureDistillation({ at, alpha: 1e-9 }));
      await each.learn(0);
      for (let i = 0; i < 2; i++) await each.step(1, i);
      terms.push(each.gradients(1).terms['feature-distillation'] ?? Number.NaN);
      each.dispose();
      learner = undefined;
    }
    const [hidden = 0, head = 0, both = 0, glob = 0] = terms;
    expect(both / (hidden + head)).toBeCloseTo(1, 4);
    expect(glob).toBe(both);
  });

  it('passes over other forwards in the step: those of memories, and of other teachers', async () => {
    const terms: unknown[] = [];
    const replay = definePlugin({
      name: 'replay',
      before: ['feature-distillation'],
      apply: ({ hooks }) => {
        hooks.loss.tap((given, { forward, batch }) => {
          forward(add(batch.inputs as Tensor, 1));
          return given;
        });
      },
    });
    for (const others of [[], [replay(), lwf({ alpha: 1e-300 })]]) {
      const each = learnerWith(...others, featureDistillation());
      await each.learn(0);
      for (let i = 0; i < 2; i++) await each.step(1, i);
      terms.push(each.gradients(1).terms['feature-distillation']);
      each.dispose();
      learner = undefined;
    }
    expect(terms[1]).toBe(terms[0]);
  });

  it('refuses points that are not there', () => {
    expect(() => learnerWith(featureDistillation({ at: 'nowhere' }))).toThrow(/TAP_UNMATCHED/);
  });

  it('keeps one copy of the model', async () => {
    const each = learnerWith(featureDistillation());
    const before = each.pluginBytes;
    for (const task of [0, 1]) {
      await each.learn(task);
      expect(each.pluginBytes - before).toBe(4 * (5 * 6 + 6 + 6 * 4 + 4));
    }
  });
});
