import { definePlugin, Parameter, type Plugin } from '@tapgrad/core';
import { afterFirstTask, type ModelSpec, type PluginSpec } from '@tapgrad/testing';
import {
  activationCompressionSpecs,
  ladderSpecs,
  tinyDualEncoder,
  tinyImages,
  tinyTextEncoder,
  tinyTexts,
  tinyVisionTransformer,
} from '@tapgrad/testing/builtin';
import { add, fill, matMul, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { derpp, er, ewc, fpf, lingoCL, lwf, memory, refreshReport, zscl } from './index.ts';
import { composed, expectTogether, type Seen, witness } from './test-compositions.ts';

/** A plugin of another family, as its own package declares it. */
function ofFamily(specs: readonly PluginSpec[], name: string, on: ModelSpec): Plugin {
  const use = specs.find((spec) => spec.name === name)?.uses.find((each) => each.on.name === on.name);
  return [use?.plugins() ?? []].flat()[0] as Plugin;
}

const seen = (): Seen => ({ rows: 0, terms: [] });
const kept = () => memory({ samples: 6 });
const numbers = (tensor: Tensor | undefined): number[] => [...(tensor?.dataSync() ?? [])];

describe('ER and EWC', () => {
  const plugins = () => [kept(), er(), ewc({ lambda: 5 })];

  it('replay and hold in one step: twice the samples, and a penalty from the second task on', async () => {
    const look = seen();
    await composed(tinyTextEncoder, [...plugins(), witness(look)], async ({ learn, step, explained }) => {
      await learn(0);
      expect(look).toEqual({ rows: 8, terms: ['task'] });
      await learn(1, false);
      expect(look.terms).toEqual(['task', 'ewc']);
      const terms = await step(0);
      expect(terms.ewc).toBeGreaterThan(0);
      expect(explained).toMatch(/memory before er: er declares after: memory/);
    });
  });

  it('train, resume and leave', async () => {
    const order = await expectTogether(
      afterFirstTask(tinyTextEncoder),
      () => [kept(), er()],
      () => [ewc({ lambda: 5 })],
    );
    expect(order).toEqual(['memory', 'er', 'ewc']);
  });
});

describe('DER++ and codes of what is saved', () => {
  const codes = () => ofFamily(activationCompressionSpecs, 'groupwise-codes', tinyVisionTransformer);

  /** Saved values in a step, and how many of them are coded. */
  async function saved(plugins: readonly Plugin[]): Promise<{ all: number; coded: number }> {
    const counts = { all: 0, coded: 0 };
    const spy = definePlugin({
      name: 'spy',
      reads: ['slot:saved'],
      apply({ hooks }) {
        // In blocks: the images of the batch itself, unlike those of the memory, live anyway and are never coded.
        hooks.save.tap((slot, { modulePath }) => {
          if (!modulePath.startsWith('layers.')) return;
          counts.all++;
          if (slot.stages.length > 0) counts.coded++;
        });
      },
    });
    return composed(tinyVisionTransformer, [...plugins, spy()], async ({ learn, step }) => {
      await learn(0);
      Object.assign(counts, { all: 0, coded: 0 });
      await step(0);
      return { ...counts };
    });
  }

  it('reach all three forwards of a step', async () => {
    const [once, thrice] = [await saved([codes()]), await saved([kept(), derpp(), codes()])];
    expect(once.coded).toBeGreaterThan(10);
    expect(thrice.coded).toBe(3 * once.coded);
    expect(thrice.all).toBe(3 * once.all);
    expect((await saved([kept(), derpp()])).coded).toBe(0);
  });

  it('leave every loss term as it is', async () => {
    const start = tinyVisionTransformer.model();
    const terms = (plugins: readonly Plugin[]) =>
      composed(tinyVisionTransformer, plugins, async ({ stack, step }) => {
        await step(100);
        // An update by coded values is another one.
        stack.model.loadState(start.state());
        return step(0);
      });
    const [coded, exact] = [await terms([kept(), derpp(), codes()]), await terms([kept(), derpp()])];
    start.dispose();
    expect(Object.keys(coded)).toEqual(['task', 'derpp:logits', 'derpp:labels']);
    expect(coded).toEqual(exact);
  });

  it('train, resume and leave', async () => {
    await expectTogether(
      afterFirstTask(tinyVisionTransformer),
      () => [kept(), derpp()],
      () => [codes()],
    );
  });
});

describe('LwF and a ladder', () => {
  const ladder = () => ofFamily(ladderSpecs, 'ladder', tinyTextEncoder);

  it('have a teacher that contains the ladder', async () => {
    await composed(tinyTextEncoder, [ladder(), lwf({ form: 'kl' })], async ({ learn, step, stack }) => {
      await learn(0);
      const own = () => [...stack.namedParameters()].filter(([name]) => name.startsWith('ladder/'));
      const values = own().map(([name, { variable }]) => [name, numbers(variable)]);
      // Dropout alone lies between the model and its teacher.
      expect((await step(0)).lwf).toBeLessThan(1e-3);
      const { tensors } = stack.state('plugins');
      const taught = own().map(([name]) => {
        const [, value] = [...tensors].find(([key]) => key.endsWith(`teacher/${name}`)) ?? [];
        return [name, numbers(value)];
      });
      expect(taught).toEqual(values);
      expect(own().map(([name, { variable }]) => [name, numbers(variable)])).not.toEqual(values);
    });
  });

  it('train, resume and leave', async () => {
    await expectTogether(
      afterFirstTask(tinyTextEncoder),
      () => [ladder()],
      () => [lwf()],
    );
  });
});

/** A low-rank update of one weight, as a tap on what is read of it; nothing else trains. */
const lowRank = definePlugin({
  name: 'low-rank',
  apply({ hooks, addParameter, filterTrainable, random }) {
    const [inputs, outputs, rank] = [8, 5, 2];
    const start = tensor(random('a').normal(inputs * rank, 0, 0.3), [inputs, rank]);
    const a = addParameter('a', new Parameter(start));
    const b = addParameter('b', new Parameter(fill([rank, outputs], 0)));
    hooks.tap('imageProjection:weight').forward((weight) => add(weight, matMul(a.read(), b.read())));
    filterTrainable((name) => name.startsWith('low-rank/'));
  },
});

describe('ZSCL and a low-rank update', () => {
  const reference = (step: number) => ({ images: tinyImages(1000 + step), texts: tinyTexts(1000) });
  const plugins = () => [lowRank(), zscl({ reference, trainScale: true })];

  it('have a teacher without what was learned since, and only the update trains', async () => {
    await composed(tinyDualEncoder, plugins(), async ({ model, learn, step, stack }) => {
      const before = numbers(model.namedParameters().get('imageProjection.weight')?.variable);
      await learn(0, false);
      const { tensors } = stack.state('plugins');
      const taught = [...tensors].find(([name]) => name.endsWith('low-rank/b'))?.[0];
      const inTeacher = [...tensors].find(([name]) => name.includes('teacher') && name.endsWith('low-rank/b'))?.[1];
      expect(taught).toBeDefined();
      expect(numbers(inTeacher).every((value) => value === 0)).toBe(true);
      expect(numbers(stack.namedParameters().get('low-rank/b')?.variable).some((value) => value !== 0)).toBe(true);
      expect(numbers(model.namedParameters().get('imageProjection.weight')?.variable)).toEqual(before);
      const terms = await step(0);
      expect(terms['zscl.image']).toBeGreaterThan(0);
      expect(terms['zscl.text']).toBeGreaterThan(0);
    });
  });

  it('train, resume and leave', async () => {
    const [low, distil] = [() => [lowRank()], () => [zscl({ reference, trainScale: true })]];
    await expectTogether(afterFirstTask(tinyDualEncoder), low, distil);
  });
});

describe('LingoCL and others', () => {
  const vectors = { zero: [1, 0, -1, 0, 2, 0, 0, 1], one: [0, 1, 0, 0, 0, -1, 1, 0], two: [0, 0, 0, 3, -1, 0, 0, 1] };
  const head = () => lingoCL({ vectors, temperature: 0.5 });

  it('keep its rows, which no importance is measured of', async () => {
    const plugins = [head(), kept(), er(), ewc({ lambda: 5 }), lwf(), fpf({ at: 'each', length: { steps: 2 } })];
    await composed(tinyTextEncoder, plugins, async ({ learn, stack }) => {
      await learn(0);
      const rows = () => [...stack.state('plugins').tensors].filter(([name]) => name.startsWith('lingocl/targets'));
      const before = rows().map(([, each]) => numbers(each));
      expect(before).not.toEqual([]);
      await learn(1);
      expect(
        rows()
          .slice(0, before.length)
          .map(([, each]) => numbers(each)),
      ).toEqual(before);
      const own = [...stack.state('plugins').tensors.keys()];
      const importances = own.filter((name) => name.startsWith('ewc:') || name.includes('ewc/'));
      expect(importances.filter((name) => name.includes('lingocl/targets'))).toEqual([]);
      expect(importances.filter((name) => /(^|[/.])(head|classifier)\.weight/.test(name))).toEqual([]);
      expect(stack.plugins.indexOf('lingocl')).toBeLessThan(stack.plugins.indexOf('ewc'));
    });
  });
});

describe('FPF after ER', () => {
  it('refreshes at the end with the memory alone, in the order that explain tells', async () => {
    const plugins = [fpf({ at: 'each', length: { epochs: 2 }, batchSize: 3 }), er(), kept()];
    await composed(tinyVisionTransformer, plugins, async ({ model, learn, explained }) => {
      await learn(0);
      await learn(1);
      const report = refreshReport(model);
      expect(report?.phases.map(({ samples, task }) => [samples, task])).toEqual([
        [12, 0],
        [12, 1],
      ]);
      expect(report?.cost).toEqual({ forwards: 8, backwards: 8, samples: 24 });
      expect(explained).toMatch(/memory before fpf: fpf declares after: memory/);
      expect(explained).toMatch(/1\. memory/);
    });
  });

  it('train, resume and leave', async () => {
    const refresh = () => [kept(), fpf({ at: 'each', length: { steps: 2 } })];
    await expectTogether(afterFirstTask(tinyVisionTransformer), () => [kept(), er()], refresh);
  });
});
