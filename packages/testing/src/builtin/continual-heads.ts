import { growingHead, lingoCL, prd } from '@tapgrad/continual';
import type { PluginSpec, PluginUse } from '../plugin/plugin-spec.ts';
import { afterFirstTask } from '../plugin/tasks.ts';
import { tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

const growing: PluginSpec = {
  name: 'growing-head',
  uses: [
    { on: afterFirstTask(tinyTextEncoder), plugins: () => growingHead() },
    { on: afterFirstTask(tinyVisionTransformer), plugins: () => growingHead({ bias: false }) },
  ],
  gradients: 'exact',
};

/** As wide as the features of the models. */
const eight = {
  zero: [1, 0, -1, 0, 2, 0, 0, 1],
  one: [
    [0, 1, 0, 0, 0, -1, 1, 0],
    [0, 2, 1, 0, 0, 0, 1, 0],
  ],
  two: [0, 0, 0, 3, -1, 0, 0, 1],
};
/** Narrower: a map comes between. */
const five = 'zero\t1 0 0 -1 0\none\t0 1 1 0 0\ntwo\t0 0 -1 0 2\n';

const lingo: PluginSpec = {
  name: 'lingocl',
  uses: [
    { on: afterFirstTask(tinyTextEncoder), plugins: () => lingoCL({ vectors: five, temperature: 0.5 }) },
    {
      on: afterFirstTask(tinyVisionTransformer),
      plugins: () => lingoCL({ vectors: eight, temperature: 0.5, learnScale: true }),
    },
    { on: afterFirstTask(tinyResNet), plugins: () => lingoCL({ vectors: eight, temperature: 1 }) },
  ],
  gradients: 'exact',
};

const prdUses: readonly [PluginUse, ...PluginUse[]] = [
  { on: afterFirstTask(tinyTextEncoder), plugins: () => prd({ projection: [6, 4], contrastTemperature: 0.5 }) },
  {
    on: afterFirstTask(tinyVisionTransformer),
    plugins: () =>
      prd({
        projection: [4],
        contrastTemperature: 0.5,
        variant: 'reference-code',
        prototypes: { learningRate: 0.1 },
      }),
  },
  { on: afterFirstTask(tinyResNet), plugins: () => prd({ projection: [4], contrastTemperature: 0.5 }) },
];

const prdSpec: PluginSpec = {
  name: 'prd',
  uses: prdUses,
  gradients: { replaced: 'prototypes are drawn to features that are not drawn to them: their gradient stops there' },
};

/** One declaration for each plugin of `@tapgrad/continual` that stands in the place of a model's head. */
export const continualHeadSpecs: readonly PluginSpec[] = [growing, lingo, prdSpec];
