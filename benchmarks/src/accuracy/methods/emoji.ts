import { biasTuning, mobileTl, s2a } from '@tapgrad/activation-compression';
import { freezeStatistics } from '@tapgrad/nn';
import { type Method, trainOnly } from '../experiment/method.ts';
import type { MobileNetTop } from '../models/mobilenet-top.ts';

// One each, not chosen by validation: what trains little takes larger steps.
const smallRates = [1e-3];
const largeRates = [3e-3];

/** What is compared on the top of the pretrained MobileNetV2. */
export const emojiMethods: readonly Method<MobileNetTop>[] = [
  {
    name: 'head',
    rates: largeRates,
    prepare(model) {
      freezeStatistics(model);
      return trainOnly(model, 'classifier.*');
    },
  },
  { name: 'bias', rates: largeRates, prepare: () => [biasTuning()] },
  {
    name: 's2a',
    rates: largeRates,
    prepare: () => s2a({ structures: ['bias', 'side'], blocks: 'blocks.*', side: { pool: 1 } }),
  },
  {
    name: 'mobile-tl',
    rates: smallRates,
    prepare: (model) => [mobileTl({ train: model.blocks.length })],
  },
  { name: 'full', rates: smallRates, prepare: (model) => trainOnly(model, '**') },
  {
    name: 'full-frozen-statistics',
    rates: smallRates,
    prepare(model) {
      freezeStatistics(model);
      return trainOnly(model, '**');
    },
  },
];
