import { TapgradError } from '@tapgrad/core';
import { mul } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { tryPair } from './pairs.ts';
import type { ModelSpec, PluginSpec } from './plugin-spec.ts';
import { type Apply, healthy, perceptron, specOf } from './test-plugins.ts';

const kind = specOf('kind', healthy);

describe('two plugins', () => {
  it('that train together say in which order they run', async () => {
    expect(await tryPair(kind, specOf('second', healthy, { declared: { before: ['kind?'] } }))).toEqual({
      outcome: 'trains',
      on: 'perceptron',
      order: ['second', 'kind'],
    });
  });

  it('that attach refuses give its code and reason', async () => {
    const rival = specOf('rival', healthy, { declared: { conflicts: ['kind'] } });
    expect(await tryPair(kind, rival)).toEqual({
      outcome: 'refused',
      on: 'perceptron',
      code: 'PLUGIN_CONFLICT',
      reason: 'rival cannot be attached together with kind',
    });
  });

  it('without a model in common train on the model of one that has nothing against it', async () => {
    const elsewhere = specOf('elsewhere', healthy, { on: { ...perceptron, name: 'other' } });
    expect(await tryPair(kind, elsewhere)).toMatchObject({ outcome: 'trains', on: 'perceptron' });
  });

  it('of which each refuses the models of the other give the first reason', async () => {
    const only = (name: string) => (context: Parameters<Apply>[0]) => {
      if (!(name in context.model)) throw new TapgradError({ code: 'NOT_HERE', message: `the model has no ${name}` });
      healthy(context);
    };
    const marked = (name: string): ModelSpec => ({
      ...perceptron,
      name,
      model: () => Object.assign(perceptron.model(), { [name]: true }),
    });
    const [left, right] = ['left', 'right'].map((name) => specOf(name, only(name), { on: marked(name) }));
    expect(await tryPair(left!, right!)).toEqual({
      outcome: 'refused',
      on: 'any',
      code: 'NOT_HERE',
      reason: 'the model has no right',
    });
  });

  it('of which each says in its first forward that the model of the other is not for it are refused too', async () => {
    const only =
      (name: string): Apply =>
      (context) => {
        healthy(context);
        context.hooks.loss.tap(() => {
          if (!(name in context.model)) throw new TapgradError({ code: 'OUTPUT_KIND', message: `it gives no ${name}` });
        });
      };
    const marked = (name: string): ModelSpec => ({
      ...perceptron,
      name,
      model: () => Object.assign(perceptron.model(), { [name]: true }),
    });
    const [left, right] = ['left', 'right'].map((name) => specOf(name, only(name), { on: marked(name) }));
    expect(await tryPair(left!, right!)).toEqual({
      outcome: 'refused',
      on: 'any',
      code: 'OUTPUT_KIND',
      reason: 'it gives no right',
    });
  });
});

/** Throws in apply if `kind` was applied before. */
const refusing =
  (error: Error): Apply =>
  (context) => {
    if (context.parameters().has('kind/scale')) throw error;
    healthy(context);
  };

const cases: [what: string, other: PluginSpec, message: RegExp][] = [
  ['refuse each other without a code', specOf('rude', refusing(new Error('not with that one'))), /not with that one/],
  [
    'refuse each other in one order only',
    specOf('moody', refusing(new TapgradError({ code: 'MOODY', message: 'not now' }))),
    /in the order given: MOODY; the other way round: attached/,
  ],
  [
    'do not learn',
    specOf('contrary', ({ hooks }) => {
      hooks.gradients.step.tap((all) => new Map([...all].map(([name, each]) => [name, mul(each, -1)])));
    }),
    /the loss of one batch did not fall in 20 steps: from \S+ to \S+/,
  ],
  [
    'leave one of them nothing to train',
    specOf('jealous', (context) => {
      healthy(context);
      context.filterTrainable((name) => (name.startsWith('jealous/') ? undefined : false));
    }),
    /nothing that kind trains by itself has a gradient here: the pair should be refused/,
  ],
];

describe('the tester finds plugins that', () => {
  it.each(cases)('%s', async (_, other, message) => {
    const error = await tryPair(kind, other).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PLUGIN_TEST_PAIRS', plugin: `kind + ${other.name}` });
    expect((error as TapgradError).message).toMatch(message);
    expect((error as TapgradError).message).toContain('property "pairs"');
  });
});
