import { useWasm } from '@tapgrad/backend-wasm';
import { softmaxCrossEntropy } from '@tapgrad/core';
import { ladder } from '@tapgrad/ladder';
import { T5 } from '@tapgrad/nn';
import type { ModelSpec, PluginUse } from '@tapgrad/testing';
import {
  builtinPlugins,
  tinyInvertedResiduals,
  tinyResNet,
  tinyTextEncoder,
  tinyVisionTransformer,
} from '@tapgrad/testing/builtin';
import { fill, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { measured, planned } from './test-steps.ts';

beforeAll(() => useWasm());

const ids = (tokens: number) => fill([3, tokens], 1, 'int32');
const tinyT5: ModelSpec = {
  name: 'T5',
  model: () => new T5({ vocabularySize: 11, width: 16, hidden: 32, headWidth: 8, heads: 2, layers: 2, dropout: 0.1 }),
  batch: () => ({ inputs: [ids(5), ids(4)], targets: ids(4) }),
  loss: (scores, { targets }) =>
    softmaxCrossEntropy(reshape(scores as Tensor, [12, 11]), reshape(targets as Tensor, [12])),
};

const models: [string, ModelSpec][] = [tinyVisionTransformer, tinyTextEncoder, tinyResNet, tinyInvertedResiduals].map(
  (spec) => [spec.name, spec],
);
const uses = builtinPlugins.flatMap(({ name, uses: all }) => all.map((use) => [name, use.on.name, use] as const));

const readsLabels = ({ plugins }: PluginUse) =>
  [plugins()].flat().some(({ options }) => (options as { policy?: string }).policy === 'class-balanced');
const choosesByScore = (name: string) => name === 'k-fpf';

describe('a planned step is that on wasm, to the byte, by category, module and plugin', () => {
  it.each(models)('%s, fully trained', async (_, spec) => {
    const step = await measured(spec, () => []);
    expect(step.savedBytes).toBeGreaterThan(0);
    expect(await planned(spec, () => [])).toEqual(step);
  });

  it.each([
    ['fully trained', () => []],
    ['ladder', () => [ladder({ blocks: '{encoder,decoder}.layers.*', reduction: 2, init: 'random' })]],
  ])('an encoder with a decoder, %s', async (_, plugins) => {
    expect(await planned(tinyT5, plugins)).toEqual(await measured(tinyT5, plugins));
  });

  it.each(uses.filter(([name, , use]) => !readsLabels(use) && !choosesByScore(name)))(
    '%s on %s',
    async (_plugin, _model, { on, plugins }) => {
      const list = () => [plugins()];
      expect(await planned(on, list)).toEqual(await measured(on, list));
    },
  );
});

describe('what depends on values', () => {
  it.each(uses.filter(([, , use]) => readsLabels(use)))(
    '%s on %s, which balances classes by their labels, is refused with a code',
    async (_plugin, _model, { on, plugins }) => {
      await expect(planned(on, () => [plugins()])).rejects.toMatchObject({ code: 'META_NO_DATA', plugin: 'memory' });
    },
  );

  // The parts that change most are known only where something changes; what is kept for them differs by that.
  it.each(uses.filter(([name]) => choosesByScore(name)))(
    '%s on %s, which trains parts chosen by score again, is planned with others: the same parameters, nearly the same saved bytes',
    async (_plugin, _model, { on, plugins }) => {
      const list = () => [plugins()];
      const [shapes, values] = [await planned(on, list), await measured(on, list)];
      expect(shapes.parameters).toBe(values.parameters);
      expect(shapes.savedBytes / values.savedBytes).toBeCloseTo(1, 2);
    },
  );
});
