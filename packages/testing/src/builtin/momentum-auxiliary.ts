import { localLearning, momentumAuxiliary, syntheticGradients } from '@tapgrad/momentum-auxiliary';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

const replaced =
  'each part but the last learns from a loss of its own; central differences of the local losses are taken in the tests of the method';

const man: PluginSpec = {
  name: 'momentum-auxiliary',
  uses: [
    {
      on: tinyResNet,
      plugins: () => momentumAuxiliary({ reconstruction: 1, imageReduction: 2, features: 8 }),
      atZero: () => momentumAuxiliary({ parts: 1 }),
    },
    {
      on: tinyVisionTransformer,
      plugins: () => momentumAuxiliary({ reconstruction: 1, upsample: 'last', features: 8 }),
    },
    {
      on: tinyInvertedResiduals,
      plugins: () => momentumAuxiliary({ blocks: 'blocks.*', recompute: false, features: 8 }),
    },
    { on: tinyTextEncoder, plugins: () => momentumAuxiliary({ parts: 3, reconstruction: 0, features: 8 }) },
  ],
  // The moving average moves without a gradient; with one part there is none.
  gradients: { replaced, moves: ['**'] },
};

const local: PluginSpec = {
  name: 'local-learning',
  uses: [
    {
      on: tinyResNet,
      plugins: () => localLearning({ parts: 3, features: 8 }),
      atZero: () => localLearning({ parts: 1 }),
    },
    {
      on: tinyVisionTransformer,
      plugins: () => localLearning({ cuts: ['layers.1'], reconstruction: 0.5, features: 8 }),
    },
    { on: tinyInvertedResiduals, plugins: () => localLearning({ blocks: 'blocks.*', parts: 3, features: 8 }) },
    { on: tinyTextEncoder, plugins: () => localLearning({ features: 8 }) },
  ],
  gradients: { replaced },
};

const synthetic: PluginSpec = {
  name: 'synthetic-gradients',
  uses: [
    {
      on: tinyResNet,
      plugins: () => syntheticGradients({ hidden: 8 }),
      atZero: () => syntheticGradients({ parts: 1 }),
    },
    { on: tinyVisionTransformer, plugins: () => syntheticGradients({ conditional: true }) },
    { on: tinyInvertedResiduals, plugins: () => syntheticGradients({ blocks: 'blocks.*', hidden: 8 }) },
    { on: tinyTextEncoder, plugins: () => syntheticGradients({ hidden: 8, layers: 1 }) },
  ],
  // The first predictions are 0, so that a part moves a step after the next one: two parts do in the two steps of the check.
  gradients: {
    replaced: 'each part but the last learns from a predicted gradient; the tests of the method have it by hand',
  },
};

/** One declaration per method of `@tapgrad/momentum-auxiliary`. */
export const momentumAuxiliarySpecs: readonly PluginSpec[] = [man, local, synthetic];
