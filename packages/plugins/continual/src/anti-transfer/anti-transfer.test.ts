import { definePlugin, type Plugin } from '@tapgrad/core';
import { cloneModule, Linear } from '@tapgrad/nn';
import { add, mul, relu, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { antiTransfer } from '../index.ts';
import { Learner, SmallNet } from '../test-streams.ts';
import { similarity } from './math.ts';

let learner: Learner | undefined;
let network: SmallNet | undefined;
const learnerWith = (...plugins: Plugin[]) => {
  learner = new Learner(plugins);
  return learner;
};

/** Another network of the same shape. */
function otherNetwork(): SmallNet {
  const model = new SmallNet();
  for (const parameter of model.namedParameters().values()) {
    tidy(() => parameter.assign(add(mul(parameter.variable, -0.7), 0.1)));
  }
  return model;
}

afterEach(() => {
  learner?.dispose();
  learner = undefined;
  network?.dispose();
  network = undefined;
});

const at = 'head:input';

describe('anti-transfer', () => {
  it('is 1 beside a network that is the same, at rows that are not zero', () => {
    const each = learnerWith(antiTransfer({ network: () => cloneModule(each.model), at, aggregation: 'none' }));
    tidy(() => each.model.hidden.bias?.assign(add(each.model.hidden.bias.variable, 3)));
    expect(each.gradients(0).terms['anti-transfer']).toBeCloseTo(1, 12);
  });

  it('gives a gradient to what lies below its point, and none to the frozen network', () => {
    const frozen = otherNetwork();
    network = frozen;
    const before = [...frozen.state().values()].map((value) => Array.from(value.dataSync()));
    const each = learnerWith(antiTransfer({ network: frozen, at }));
    const withTerm = each.gradients(0);
    expect(Object.keys(withTerm.of).sort()).toEqual([...each.model.namedParameters().keys()].sort());
    each.stack.setEnabled('anti-transfer', false);
    const without = each.gradients(0);
    expect(withTerm.of['hidden.weight']).not.toEqual(without.of['hidden.weight']);
    expect(withTerm.of['head.weight']).toEqual(without.of['head.weight']);
    expect([...frozen.state().values()].map((value) => Array.from(value.dataSync()))).toEqual(before);
    expect([frozen.training, frozen.hidden.taps, frozen.hidden.path]).toEqual([true, undefined, 'hidden']);
  });

  it('by a tap is what running the model again to its point gives', () => {
    const frozen = otherNetwork();
    network = frozen;
    const again = definePlugin({
      name: 'again',
      apply({ hooks, model, shadow }) {
        const own = model as unknown as SmallNet;
        hooks.loss.tap((terms, { batch }) => {
          const features = (of: SmallNet) => relu(of.hidden.call(batch.inputs as Tensor));
          const other = shadow(() => features(frozen));
          const options = { aggregation: 'gram', distance: 'cos-squared' } as const;
          return { ...terms, 'anti-transfer': similarity(features(own), other, options) };
        });
      },
    });
    const results = [again(), antiTransfer({ network: frozen, at })].map((plugin) => {
      const each = learnerWith(plugin);
      const { terms, of } = each.gradients(0);
      each.dispose();
      learner = undefined;
      return { term: terms['anti-transfer'] ?? Number.NaN, gradient: of['hidden.weight'] ?? [] };
    });
    const [rerun, tapped] = results;
    expect(tapped?.term).toBeCloseTo(rerun?.term ?? Number.NaN, 14);
    for (const [i, value] of (tapped?.gradient ?? []).entries()) {
      expect(value).toBeCloseTo(rerun?.gradient[i] ?? Number.NaN, 13);
    }
  });

  it('sums several points, with one β; the code’s variant has it twice', () => {
    const frozen = otherNetwork();
    network = frozen;
    const termWith = (options: Partial<Parameters<typeof antiTransfer>[0]>) => {
      const each = learnerWith(antiTransfer({ network: frozen, at, ...options }));
      const term = each.gradients(0).terms['anti-transfer'] ?? Number.NaN;
      each.dispose();
      learner = undefined;
      return term;
    };
    const [hidden, head] = [termWith({ at: 'hidden' }), termWith({ at: 'head' })];
    expect(termWith({ at: ['hidden', 'head'] })).toBeCloseTo(hidden + head, 12);
    expect(termWith({ beta: 3 })).toBeCloseTo(3 * termWith({}), 12);
    expect(termWith({ beta: 3, variant: 'reference-code' })).toBeCloseTo(9 * termWith({}), 12);
    const errors = { beta: 3, distance: 'minus-sigmoid-mse' } as const;
    expect(termWith({ ...errors, variant: 'reference-code' })).toBe(termWith(errors));
  });

  it('makes features less alike', async () => {
    const frozen = otherNetwork();
    network = frozen;
    const each = learnerWith(antiTransfer({ network: frozen, at, beta: 5 }));
    const before = each.gradients(0).terms['anti-transfer'] ?? 0;
    for (let i = 0; i < 20; i++) await each.step(0);
    expect(each.gradients(0).terms['anti-transfer']).toBeLessThan(before / 2);
  });

  it('draws its slices anew at each step, the same for one seed', async () => {
    const frozen = otherNetwork();
    network = frozen;
    const courses: unknown[] = [];
    for (let run = 0; run < 2; run++) {
      const each = learnerWith(antiTransfer({ network: frozen, at: 'hidden', aggregation: 'stochastic-pairwise' }));
      courses.push([await each.step(0), await each.step(0)]);
      each.dispose();
      learner = undefined;
    }
    expect(courses[0]).toEqual(courses[1]);
  });

  it('refuses points that one of the two does not have, and features of other shapes', async () => {
    const frozen = otherNetwork();
    network = frozen;
    expect(() => learnerWith(antiTransfer({ network: frozen, at: 'nowhere' }))).toThrow(/TAP_UNMATCHED/);
    const narrow = new Linear(5, 3);
    expect(() => learnerWith(antiTransfer({ network: narrow, at: 'hidden' }))).toThrow(/TAP_UNMATCHED/);
    const each = learnerWith(antiTransfer({ network: narrow, at: '' }));
    await expect(each.step(0)).rejects.toThrow(/FEATURES_DIFFER/);
    narrow.dispose();
  });

  it('refuses something else than a network', () => {
    expect(() => antiTransfer({ network: 3 as never, at })).toThrow(/PLUGIN_OPTIONS.*network/s);
  });
});
