import {
  aGem,
  type ClassVectors,
  der,
  derpp,
  er,
  ewc,
  featureDistillation,
  fpf,
  lingoCL,
  lwf,
  memory,
  onlineEwc,
  prd,
  si,
  weightAveraging,
} from '@tapgrad/continual';
import type { Plugin } from '@tapgrad/core';
import type { MethodName } from './options.ts';

/** What a method is made from. */
export interface MethodContext {
  /** Samples that a memory holds. */
  readonly samples: number;
  readonly batch: number;
  /** Factor of the method's coefficient. */
  readonly strength: number;
  /** Path of the classifier. */
  readonly head: string;
  /** A vector for each class name, from what the name means. */
  vectors(): Promise<ClassVectors>;
}

type Made = readonly Plugin[] | Promise<readonly Plugin[]>;

/** The plugins of each method. Coefficients suit AdamW, and short runs; `--strength` scales them. */
export const methods: Readonly<Record<MethodName, (context: MethodContext) => Made>> = {
  finetune: () => [],
  joint: () => [],
  lwf: ({ strength }) => [lwf({ alpha: strength })],
  'feature-distillation': ({ strength, head }) => [featureDistillation({ at: `${head}:input`, alpha: strength })],
  ewc: ({ strength }) => [ewc({ lambda: 100 * strength, samples: 200 })],
  'online-ewc': ({ strength }) => [onlineEwc({ lambda: 100 * strength, samples: 200 })],
  si: ({ strength }) => [si({ c: strength })],
  'a-gem': (context) => [stored(context), aGem({ batchSize: context.batch })],
  er: (context) => [stored(context), er({ batchSize: context.batch })],
  der: (context) => [stored(context), der({ batchSize: context.batch, alpha: 0.3 * context.strength })],
  derpp: (context) => [
    stored(context),
    derpp({ batchSize: context.batch, alpha: 0.2 * context.strength, beta: 0.5 * context.strength }),
  ],
  'er+ewc': (context) => [
    stored(context),
    er({ batchSize: context.batch }),
    ewc({ lambda: 10 * context.strength, samples: 200 }),
  ],
  'er+lwf': (context) => [stored(context), er({ batchSize: context.batch }), lwf({ alpha: context.strength })],
  prd: ({ strength, head }) => [prd({ head, distillationWeight: 4 * strength, projection: [256, 128] })],
  lingocl: async ({ head, vectors }) => [lingoCL({ head, vectors: await vectors() })],
  'er+lingocl': async (context) => [
    stored(context),
    er({ batchSize: context.batch }),
    lingoCL({ head: context.head, vectors: await context.vectors() }),
  ],
  fpf: (context) => [stored(context), er({ batchSize: context.batch }), fpf({ at: 'each', batchSize: context.batch })],
  'weight-averaging': () => [weightAveraging({ every: 10 })],
};

const stored = ({ samples }: MethodContext) => memory({ samples });
