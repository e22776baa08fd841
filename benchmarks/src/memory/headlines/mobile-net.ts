import { mobileTl } from '@tapgrad/activation-compression';
import { MobileNetV2 } from '@tapgrad/nn';
import type { HeadlineCase } from './case.ts';

const trainTop = (model: Parameters<HeadlineCase['methods'][string]>[0]) => {
  model.freeze('**');
  for (const part of ['blocks.{12,13,14,15,16}.**', 'classifier.*']) model.unfreeze(part);
  return [];
};

/** MobileTL: MobileNetV2, batch 8, top 5 blocks, 224 px. */
export const mobileNet: HeadlineCase = {
  shape: 'MobileNetV2, batch 8, 224 px',
  model: () => new MobileNetV2({ classes: 100 }),
  batch: { inputs: { shape: [8, 224, 224, 3] }, targets: { shape: [8], dtype: 'int32' } },
  methods: {
    full: () => [],
    'top 5 blocks, plainly': trainTop,
    'MobileTL, top 5 blocks': () => [mobileTl({ train: 5 })],
    'MobileTL, all blocks': () => [mobileTl({ train: 17 })],
  },
};
