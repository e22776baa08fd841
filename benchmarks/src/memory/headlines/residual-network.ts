import { localLearning, momentumAuxiliary } from '@tapgrad/momentum-auxiliary';
import { ResNet } from '@tapgrad/nn';
import type { HeadlineCase } from './case.ts';

const blocks = 'layer*.*';

/** MAN: ResNet-32, K = 16, CIFAR's shapes, batch 1024. */
export const resnet32: HeadlineCase = {
  shape: 'ResNet-32, batch 1024, 32 px',
  model: () => new ResNet({ architecture: 'resnet-32-cifar', classes: 10 }),
  batch: { inputs: { shape: [1024, 32, 32, 3] }, targets: { shape: [1024], dtype: 'int32' } },
  methods: {
    full: () => [],
    'MAN, K = 16': () => [momentumAuxiliary({ blocks, parts: 16, classes: 10 })],
    'local learning, K = 16': () => [localLearning({ blocks, parts: 16, classes: 10 })],
  },
};

/** Of the first part: while the auxiliary networks run, what they save is not there. */
const lastTwo = ['layer2.2', 'layer2.3'];

/** MAN: ResNet-101, K = 2 with the cut after stage 2, ImageNet's shapes, batch 128. */
export const resnet101: HeadlineCase = {
  shape: 'ResNet-101, batch 128, 224 px',
  model: () => new ResNet({ architecture: 'resnet-101', classes: 1000 }),
  batch: { inputs: { shape: [128, 224, 224, 3] }, targets: { shape: [128], dtype: 'int32' } },
  methods: {
    full: () => [],
    'full, 2 blocks run again': (model) => {
      for (const path of lastTwo) (model.namedModules().get(path) as typeof model).recomputed = true;
      return [];
    },
    'MAN, K = 2, 2 blocks run again': () => [
      momentumAuxiliary({ blocks, cuts: ['layer3.0'], recomputeBlocks: lastTwo.length, classes: 1000 }),
    ],
    'MAN, K = 2, cut after stage 2': () => [momentumAuxiliary({ blocks, cuts: ['layer3.0'], classes: 1000 })],
    'MAN, K = 2, cut one block earlier': () => [momentumAuxiliary({ blocks, cuts: ['layer2.3'], classes: 1000 })],
    'local learning, K = 2, cut after stage 2': () => [localLearning({ blocks, cuts: ['layer3.0'], classes: 1000 })],
  },
};
