import { derivativeCodes, groupwiseCodes, mobileTl, s2a } from '@tapgrad/activation-compression';
import { type Module, type Plugin, randomStream } from '@tapgrad/core';
import { ladder } from '@tapgrad/ladder';
import { momentumAuxiliary } from '@tapgrad/momentum-auxiliary';
import { MobileNetV2, ResNet, TextEncoder, VisionTransformer } from '@tapgrad/nn';
import { queryTokens } from '@tapgrad/query-tokens';
import type { Tensor } from '@tensorflow/tfjs-core';
import { classes, type Data, images, texts } from './data.ts';

/** Plugins that are attached together, each of which can be attached by itself too. */
export interface Combination {
  readonly name: string;
  readonly model: () => Module<[Tensor]>;
  readonly data: Data;
  readonly samples: number;
  readonly learningRate: number;
  /** By name; a preset is a list of plugins, and stands where a plugin may. */
  readonly parts: Readonly<Record<string, () => Plugin | readonly Plugin[]>>;
}

const random = (name: string) => randomStream(5, name);

const text = {
  model: () =>
    new TextEncoder({
      vocabularySize: 1000,
      width: 128,
      heads: 4,
      layers: 4,
      maxTokens: 48,
      classes,
      random: random('text encoder'),
    }),
  data: texts(48, 1000),
  samples: 8,
} as const;

const vision = {
  model: () =>
    new VisionTransformer({
      width: 128,
      heads: 4,
      layers: 4,
      imageSize: 32,
      patchSize: 4,
      classes,
      random: random('vision transformer'),
    }),
  data: images(32, 3),
  samples: 8,
} as const;

const residual = {
  model: () => new ResNet({ architecture: 'resnet-20-cifar', classes, random: random('residual network') }),
  data: images(32, 3),
  samples: 8,
} as const;

const mobile = {
  model: () => new MobileNetV2({ widthMultiplier: 0.35, classes, dropout: 0, random: random('mobilenet') }),
  data: images(64, 3),
  samples: 8,
} as const;

export const combinations: readonly Combination[] = [
  {
    name: 'a ladder, and what its side network keeps in 4 bits',
    ...text,
    learningRate: 5e-3,
    parts: {
      ladder: () => ladder({ reduction: 4, init: 'random', head: { classes } }),
      derivativeCodes: () => derivativeCodes({ bits: 4 }),
      groupwiseCodes: () => groupwiseCodes({ bits: 4 }),
    },
  },
  {
    name: 'query tokens, what they keep in groups of 4 bits',
    ...vision,
    learningRate: 3e-3,
    parts: {
      queryTokens: () => queryTokens({ count: 4, head: { classes } }),
      groupwiseCodes: () => groupwiseCodes({ bits: 4 }),
    },
  },
  {
    name: 'momentum auxiliary networks, each part in codes',
    ...residual,
    learningRate: 1e-3,
    parts: {
      momentumAuxiliary: () => momentumAuxiliary({ parts: 3, reconstruction: 0, recompute: false }),
      codes: () => [derivativeCodes(), groupwiseCodes({ bits: 4 })],
    },
  },
  {
    name: 'S2A: biases, prompts and side paths, and codes of the rest',
    ...vision,
    learningRate: 3e-3,
    parts: { structures: () => s2a({ bits: false }), codes: () => [derivativeCodes(), groupwiseCodes()] },
  },
  {
    name: 'MobileTL, inputs of its convolutions in 4 bits',
    ...mobile,
    learningRate: 1e-3,
    parts: { mobileTl: () => mobileTl(), groupwiseCodes: () => groupwiseCodes({ bits: 4 }) },
  },
];
