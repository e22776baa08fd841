import { ladder } from '@tapgrad/ladder';
import type { VisionTransformer } from '@tapgrad/nn';
import { type Method, trainOnly } from '../experiment/method.ts';

const smallRates = [3e-4, 1e-3, 3e-3];
const largeRates = [3e-3, 1e-2, 3e-2];

/** What is compared on the small vision transformer, whose head is new. */
export function fashionVitMethods(classes: number): readonly Method<VisionTransformer>[] {
  const head = { classes };
  return [
    { name: 'head', rates: largeRates, prepare: (model) => trainOnly(model, 'head.*') },
    { name: 'bias', rates: largeRates, prepare: (model) => trainOnly(model, '**.bias', 'head.*') },
    {
      name: 'ladder',
      rates: largeRates,
      prepare: () => [ladder({ reduction: 4, init: 'random', head, pooling: 'first' })],
    },
    { name: 'full', rates: smallRates, prepare: (model) => trainOnly(model, '**') },
  ];
}
