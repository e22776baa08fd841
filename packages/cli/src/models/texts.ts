import type { Module } from '@tapgrad/core';
import { SentenceEncoder, T5, TextEncoder, t5Presets } from '@tapgrad/nn';
import { type BuiltInModel, ids, labels, type Sizes } from './built-in-model.ts';

const classesOf = ({ classes = 2 }: Sizes) => classes;

/** A classifier of texts. Inputs are not padded: what a batch takes at most. */
function classifier(build: (sizes: { classes: number; tokens: number }) => Module): BuiltInModel {
  return {
    blocks: 'layers.*',
    head: 'head',
    classes: classesOf,
    build: (sizes) => build({ classes: classesOf(sizes), tokens: sizes.tokens }),
    batch: ({ batch, tokens }) => ({ inputs: ids(batch, tokens), targets: labels(batch) }),
    describe: (sizes) => `${sizes.batch} texts of ${sizes.tokens} tokens, ${classesOf(sizes)} classes`,
  };
}

/** Devlin et al. 2019, and Turc et al. 2019 (arXiv:1908.08962) for the small ones. */
const bertSizes = {
  'bert-tiny': { width: 128, heads: 2, layers: 2 },
  'bert-mini': { width: 256, heads: 4, layers: 4 },
  'bert-small': { width: 512, heads: 8, layers: 4 },
  'bert-medium': { width: 512, heads: 8, layers: 8 },
  'bert-base': { width: 768, heads: 12, layers: 12 },
  'bert-large': { width: 1024, heads: 16, layers: 24 },
} as const;

const berts = Object.entries(bertSizes).map(([name, size]) => {
  const bert = { vocabularySize: 30_522, norm: 'post', pooling: 'first-tanh', paddingId: 'none' } as const;
  return [
    name,
    classifier(
      ({ classes, tokens }) => new TextEncoder({ ...size, ...bert, classes, maxTokens: Math.max(512, tokens) }),
    ),
  ];
});

const t5s = Object.entries(t5Presets).map(([name, preset]): [string, BuiltInModel] => [
  name,
  {
    blocks: '{encoder,decoder}.layers.*',
    head: 'head',
    classes: () => undefined,
    build: () => new T5({ ...preset, paddingId: 'none' }),
    batch: ({ batch, tokens, decoderTokens }) => ({
      inputs: [ids(batch, tokens), ids(batch, decoderTokens)],
      targets: ids(batch, decoderTokens),
    }),
    describe: ({ batch, tokens, decoderTokens }) => `${batch} texts of ${tokens} tokens to ${decoderTokens}`,
  },
]);

export const textModels: Readonly<Record<string, BuiltInModel>> = {
  ...Object.fromEntries([...berts, ...t5s]),
  'sentence-encoder': classifier(({ classes }) => new SentenceEncoder({ classes })),
};
