import { biasTuning, derivativeCodes, groupwiseCodes, s2a } from '@tapgrad/activation-compression';
import { ladder, sherl, unipt } from '@tapgrad/ladder';
import type { VisionTransformer } from '@tapgrad/nn';
import { prefixTokens, promptTokens, queryTokens } from '@tapgrad/query-tokens';
import { type Method, trainOnly } from '../experiment/method.ts';

const smallRates = [3e-4, 1e-3];
const largeRates = [3e-3, 1e-2];

/** What is compared on the small vision transformer, whose head is new. */
export function fashionVitMethods(classes: number): readonly Method<VisionTransformer>[] {
  const head = { classes };
  const pooling = 'first';
  return [
    { name: 'head', rates: largeRates, prepare: (model) => trainOnly(model, 'head.*') },
    {
      name: 'ladder',
      rates: largeRates,
      prepare: () => [ladder({ reduction: 4, init: 'random', head, pooling })],
    },
    { name: 'sherl', rates: largeRates, prepare: () => [sherl({ head, pooling })] },
    { name: 'unipt', rates: largeRates, prepare: () => [unipt({ head, pooling })] },
    { name: 'query-tokens', rates: largeRates, prepare: () => [queryTokens({ head })] },
    { name: 'deep-prompts', rates: largeRates, prepare: () => [promptTokens()] },
    { name: 'shallow-prompts', rates: largeRates, prepare: () => [promptTokens({ mode: 'shallow' })] },
    { name: 'prefix', rates: largeRates, prepare: () => [prefixTokens({ hidden: 64 })] },
    { name: 'full', rates: smallRates, prepare: (model) => trainOnly(model, '**') },
    { name: 'bias', rates: largeRates, prepare: () => [biasTuning({ head: 'head' })] },
    { name: 's2a', rates: largeRates, prepare: () => s2a() },
    {
      name: 'full+codes',
      rates: smallRates,
      prepare: (model) => [...trainOnly(model, '**'), derivativeCodes(), groupwiseCodes()],
    },
  ];
}
