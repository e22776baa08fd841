import { biasTuning, deepPrompts, mobileTl, s2a, sidePath, signMasks } from '@tapgrad/activation-compression';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';

const residual = { blocks: 'layer*.*' } as const;
/** Wide and smooth enough that no branch of a tiny model is dead. */
const side = { reduction: 2, activation: 'gelu' } as const;

const biases: PluginSpec = {
  name: 'bias-tuning',
  uses: [
    { on: tinyVisionTransformer, plugins: () => biasTuning() },
    { on: tinyResNet, plugins: () => biasTuning() },
    { on: tinyInvertedResiduals, plugins: () => biasTuning() },
  ],
  gradients: 'exact',
};

const prompts: PluginSpec = {
  name: 'deep-prompts',
  uses: [
    { on: tinyVisionTransformer, plugins: () => deepPrompts({ count: 2 }) },
    { on: tinyTextEncoder, plugins: () => deepPrompts({ count: 2 }) },
  ],
  gradients: 'exact',
};

const sides: PluginSpec = {
  name: 'side-path',
  uses: [
    { on: tinyVisionTransformer, plugins: () => sidePath(side) },
    { on: tinyResNet, plugins: () => sidePath({ ...side, ...residual }) },
    { on: tinyInvertedResiduals, plugins: () => sidePath({ ...side, blocks: 'blocks.*' }) },
  ],
  gradients: 'exact',
};

const topBlocks: PluginSpec = {
  name: 'mobile-tl',
  uses: [{ on: tinyInvertedResiduals, plugins: () => mobileTl({ train: 2, mask: 'exact' }) }],
  gradients: 'exact',
};

const masks: PluginSpec = {
  name: 'sign-masks',
  uses: [
    { on: tinyInvertedResiduals, plugins: () => signMasks() },
    { on: tinyResNet, plugins: () => signMasks() },
  ],
  gradients: { lossy: 'ReLU6 above 6 has slope 1', bound: 0.1 },
};

const structures: PluginSpec = {
  name: 's2a',
  uses: [
    { on: tinyVisionTransformer, plugins: () => s2a({ prompts: { count: 2 }, side }) },
    { on: tinyResNet, plugins: () => s2a({ ...residual, structures: ['bias', 'side'], side }) },
  ],
  gradients: { lossy: 'slopes and saved activations in 4 bits', bound: 0.3 },
};

/** One declaration per part of S2A, and per preset, of `@tapgrad/activation-compression`. */
export const activationPresetSpecs: readonly PluginSpec[] = [biases, prompts, sides, structures, topBlocks, masks];
