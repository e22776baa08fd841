import {
  bitMasks,
  derivativeCodes,
  groupwiseCodes,
  halfActivations,
  sparseActivations,
} from '@tapgrad/activation-compression';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';
import { tinyTwoTowers } from './two-towers.ts';

const derivatives: PluginSpec = {
  name: 'derivative-codes',
  uses: [
    { on: tinyVisionTransformer, plugins: () => derivativeCodes({ bits: 4 }) },
    { on: tinyTextEncoder, plugins: () => derivativeCodes({ bits: 3 }) },
    { on: tinyResNet, plugins: () => derivativeCodes({ bits: 1 }) },
    { on: tinyInvertedResiduals, plugins: () => derivativeCodes({ bits: 2 }) },
    { on: tinyTwoTowers, plugins: () => derivativeCodes({ bits: 4 }) },
  ],
  gradients: { lossy: 'f′ becomes one of 2^bits levels', bound: 0.1 },
};

const groups: PluginSpec = {
  name: 'groupwise-codes',
  uses: [
    { on: tinyVisionTransformer, plugins: () => groupwiseCodes({ bits: 8, smallest: 32 }) },
    { on: tinyTextEncoder, plugins: () => groupwiseCodes({ bits: 8, smallest: 32, rounding: 'nearest' }) },
    { on: tinyResNet, plugins: () => groupwiseCodes({ bits: 8, smallest: 32 }) },
    { on: tinyInvertedResiduals, plugins: () => groupwiseCodes({ bits: 8, smallest: 32, scales: 'float32' }) },
    { on: tinyTwoTowers, plugins: () => groupwiseCodes({ bits: 8, smallest: 32 }) },
  ],
  gradients: { lossy: 'saved values become codes between the ends of their groups', bound: 0.1 },
};

const sparse: PluginSpec = {
  name: 'sparse-activations',
  uses: [
    { on: tinyVisionTransformer, plugins: () => sparseActivations({ keep: 0.5, smallest: 32 }) },
    { on: tinyTextEncoder, plugins: () => sparseActivations({ keep: 0.5, smallest: 32 }) },
    { on: tinyResNet, plugins: () => sparseActivations({ keep: 0.5, smallest: 32 }) },
    { on: tinyInvertedResiduals, plugins: () => sparseActivations({ keep: 0.5, smallest: 32 }) },
  ],
  gradients: { lossy: 'half of each layer’s saved input is read as 0', bound: 0.5 },
};

const masks: PluginSpec = {
  name: 'bit-masks',
  uses: [
    { on: tinyVisionTransformer, plugins: () => bitMasks() },
    { on: tinyTextEncoder, plugins: () => bitMasks() },
    { on: tinyResNet, plugins: () => bitMasks() },
    { on: tinyInvertedResiduals, plugins: () => bitMasks() },
  ],
  gradients: 'exact',
};

const halves: PluginSpec = {
  name: 'half-activations',
  uses: [
    { on: tinyVisionTransformer, plugins: () => halfActivations({ smallest: 32 }) },
    { on: tinyTextEncoder, plugins: () => halfActivations({ smallest: 32, format: 'bfloat16' }) },
    { on: tinyResNet, plugins: () => halfActivations({ smallest: 32 }) },
    { on: tinyInvertedResiduals, plugins: () => halfActivations({ smallest: 32, format: 'bfloat16' }) },
  ],
  gradients: { lossy: 'saved values are rounded to 16 bits', bound: 0.02 },
};

/** One declaration per method of `@tapgrad/activation-compression`. */
export const activationCompressionSpecs: readonly PluginSpec[] = [derivatives, groups, sparse, masks, halves];
