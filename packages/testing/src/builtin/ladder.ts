import { ladder, r2, sherl, unipt } from '@tapgrad/ladder';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';
import { tinyTwoTowers } from './two-towers.ts';

const small = { reduction: 4, head: { classes: 3 }, temperature: 0.5 } as const;

const lst: PluginSpec = {
  name: 'ladder',
  uses: [
    { on: tinyTextEncoder, plugins: () => ladder({ ...small, samplesForFisher: 4 }) },
    { on: tinyVisionTransformer, plugins: () => ladder({ ...small, init: 'random', fuse: 'after', pooling: 'first' }) },
    { on: tinyTextEncoder, plugins: () => ladder({ reduction: 4, init: 'random', temperature: 0.5 }) },
  ],
  gradients: 'exact',
};

const merged = { head: { classes: 3 }, temperature: 0.5 } as const;

const sherlSpec: PluginSpec = {
  name: 'sherl',
  uses: [
    { on: tinyTextEncoder, plugins: () => sherl(merged) },
    { on: tinyVisionTransformer, plugins: () => sherl({ temperature: 0.5, down: 'gated', mixer: true }) },
    { on: tinyResNet, plugins: () => sherl({ ...merged, reduction: 1, blocks: 'layer*.*' }) },
    { on: tinyInvertedResiduals, plugins: () => sherl({ ...merged, blocks: 'blocks.*' }) },
  ],
  gradients: 'exact',
};

const uniptSpec: PluginSpec = {
  name: 'unipt',
  uses: [
    { on: tinyTextEncoder, plugins: () => unipt({ head: { classes: 3 } }) },
    { on: tinyVisionTransformer, plugins: () => unipt({ pooling: 'first', final: 'relu-linear-norm' }) },
    { on: tinyResNet, plugins: () => unipt({ blocks: 'layer*.*', at: 'fc' }) },
    { on: tinyInvertedResiduals, plugins: () => unipt({ blocks: 'blocks.*', head: { classes: 3 } }) },
  ],
  gradients: 'exact',
};

const r2Spec: PluginSpec = {
  name: 'r2',
  uses: [
    {
      on: tinyTwoTowers,
      plugins: () => r2({ layers: 2, width: 8, heads: 2, ratio: 2, dropout: 0.1, strides: [1, 2], temperature: 0.5 }),
    },
  ],
  gradients: 'exact',
};

/** One declaration per method of `@tapgrad/ladder`. */
export const ladderSpecs: readonly PluginSpec[] = [lst, sherlSpec, uniptSpec, r2Spec];
