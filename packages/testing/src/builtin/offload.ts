import { offload } from '@tapgrad/offload';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from './models.ts';
import { tinyTwoTowers } from './two-towers.ts';

const all = { smallest: 1, keepLast: false } as const;

const cache: PluginSpec = {
  name: 'offload',
  uses: [
    {
      on: tinyVisionTransformer,
      plugins: () => offload({ smallest: 1, recompute: 'layers.1.mlp', keep: 'layers.2.mlp' }),
    },
    { on: tinyTextEncoder, plugins: () => offload({ ...all, plan: 'adaptive', profile: 2 }) },
    { on: tinyResNet, plugins: () => offload(all) },
    { on: tinyInvertedResiduals, plugins: () => offload({ ...all, budget: 4096 }) },
    { on: tinyTwoTowers, plugins: () => offload(all) },
  ],
  gradients: 'exact',
};

/** One declaration per method of `@tapgrad/offload`. */
export const offloadSpecs: readonly PluginSpec[] = [cache];
