import { ladder } from '@tapgrad/ladder';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { tinyTextEncoder, tinyVisionTransformer } from './models.ts';

const small = { reduction: 4, head: { classes: 3 }, temperature: 0.5 } as const;

const lst: PluginSpec = {
  name: 'ladder',
  uses: [
    { on: tinyTextEncoder, plugins: () => ladder({ ...small, samplesForFisher: 4 }) },
    { on: tinyVisionTransformer, plugins: () => ladder({ ...small, init: 'random', fuse: 'after', pooling: 'first' }) },
  ],
  gradients: 'exact',
};

/** One declaration per method of `@tapgrad/ladder`. */
export const ladderSpecs: readonly PluginSpec[] = [lst];
