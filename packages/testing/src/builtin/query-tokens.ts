import { prefixTokens, promptTokens, queryTokens } from '@tapgrad/query-tokens';
import type { PluginSpec } from '../plugin/plugin-spec.ts';
import { tinyTextEncoder, tinyVisionTransformer } from './models.ts';

const classes = 3;

export const queryTokensSpecs: readonly PluginSpec[] = [
  {
    name: 'query-tokens',
    uses: [
      { on: tinyVisionTransformer, plugins: () => queryTokens({ count: 2, head: { classes } }) },
      { on: tinyTextEncoder, plugins: () => queryTokens({ count: 2, head: { classes }, keep: 'recompute' }) },
    ],
    gradients: 'exact',
  },
  {
    name: 'prompt-tokens',
    uses: [
      { on: tinyVisionTransformer, plugins: () => promptTokens({ count: 2 }) },
      { on: tinyTextEncoder, plugins: () => promptTokens({ count: 2, mode: 'shallow' }) },
      { on: tinyTextEncoder, plugins: () => promptTokens({ count: 2, head: { classes } }) },
    ],
    gradients: 'exact',
  },
  {
    name: 'prefix-tokens',
    uses: [
      { on: tinyVisionTransformer, plugins: () => prefixTokens({ count: 2, hidden: 6 }) },
      { on: tinyTextEncoder, plugins: () => prefixTokens({ count: 2, parametrization: 'direct' }) },
    ],
    gradients: 'exact',
  },
];
