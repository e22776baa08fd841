import { definePlugin } from '@tapgrad/core';
import { findStacks, insertTokens } from '@tapgrad/nn';
import { blockWidths } from '../base/block-widths.ts';
import { backboneUnrecorded } from '../base/conflicts.ts';
import { addClassifier, lastWidth } from '../base/head.ts';
import { patchSizeOf } from '../base/options.ts';
import { followMode, trainOnly } from '../base/trainable.ts';
import { type CheckedPromptTokensOptions, type PromptTokensOptions, promptTokensOptions } from './options.ts';
import { Prompts } from './prompts.ts';

/**
 * Prompt tokens (visual prompt tuning, VPT: Jia et al. 2022, arXiv:2203.12119): learned tokens in front of the input of
 * frozen blocks, before each (deep) or before the first (shallow). They train, and of the model what `train` says.
 *
 * Blocks take and give `[batch, tokens, width]`; a mask as second argument is extended.
 * @throws TapgradError at attach: NO_BLOCKS, TOKENS_WIDTH, TOKENS_TRAIN, TOKENS_HEAD_TAKEN; in forward: TOKENS_BLOCK_VALUE, TOKENS_MASK,
 * TOKENS_HEAD
 */
export const promptTokens = definePlugin<PromptTokensOptions, CheckedPromptTokensOptions>({
  name: 'prompt-tokens',
  version: '0.0.0',
  conflicts: ['full-finetune', ...backboneUnrecorded],
  // Of two sets of tokens, the one that is taken off later must lie behind the other.
  before: ['deep-prompts?'],
  transforms: ['tokens:blocks', 'parameters:trainable', 'tap:block-output'],
  options: promptTokensOptions,
  apply(context) {
    const { options, model, hooks, random } = context;
    const { count, mode, head, at, patchSize = patchSizeOf(model) } = options;
    const stacks = findStacks(model, options.blocks);
    const trains = trainOnly(context, options.train, head === 'model' ? `${at}.**` : '');
    const sets = stacks.map(({ blocks }) => (mode === 'deep' ? blocks : blocks.slice(0, 1)));
    const widths = sets.flat().map((block) => blockWidths(block, options.width).inputWidth);
    const sizes = { ...options, patchSize, random: random('prompts') };
    const prompts = context.addModule('prompts', new Prompts(widths, sizes));
    followMode(context, [prompts]);
    const first = sets.map((_, stack) => sets.slice(0, stack).flat().length);
    insertTokens(hooks, stacks, {
      count,
      mode,
      tokens: (stack, layer, { batch }) => prompts.call((first[stack] as number) + layer, batch),
    });
    if (head !== 'model') {
      addClassifier(context, { at, classes: head.classes, otherwise: () => lastWidth(stacks, options.width) });
    }
    // Dropout of a frozen block would only blur what the prompts read.
    for (const { path, module } of stacks.flatMap(({ blocks }) => blocks)) {
      const trained = [...module.namedParameters().keys()].some((name) => trains(`${path}.${name}`));
      if (!trained) context.keepInEvaluation(module.namedModules().values());
    }
  },
});
