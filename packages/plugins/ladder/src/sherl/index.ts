import { definePlugin } from '@tapgrad/core';
import { findStacks } from '@tapgrad/nn';
import { blockShape } from '../base/block-width.ts';
import { trainsTheBackbone } from '../base/conflicts.ts';
import { freezeBackbone } from '../base/frozen.ts';
import { planTaps } from '../base/tap-plan.ts';
import { followTrunk } from '../base/trunk.ts';
import { addModules } from './modules.ts';
import { type CheckedSherlOptions, type SherlOptions, sherlOptions } from './options.ts';
import { SherlWalker } from './walker.ts';

/**
 * SHERL (Diao et al. 2024, arXiv:2407.07523): the states of all blocks but the last, frozen and without a tape, are merged
 * into one; the last block, frozen but on the tape, runs on that.
 *
 * In an encoder-decoder the encoder's states are merged likewise, into what the last decoder block attends to.
 *
 * Blocks take and give `[batch, tokens, width]`, or maps `[batch, height, width, channels]` of a convolutional network in
 * stages. The model returns what it makes of the last block's output, or logits `[batch, classes]` of a new classifier.
 * @throws TapgradError at attach: NO_BLOCKS, LADDER_LAYERS, LADDER_BLOCK_UNKNOWN, SHERL_WIDTH; in forward:
 * LADDER_BLOCK_VALUE, LADDER_BLOCK_SKIPPED, LADDER_MASK, LADDER_MAP_SIZE
 */
export const sherl = definePlugin<SherlOptions, CheckedSherlOptions>({
  name: 'sherl',
  version: '0.0.0',
  conflicts: trainsTheBackbone,
  reads: ['tap:block-output'],
  writes: ['output:model'],
  options: sherlOptions,
  apply(context) {
    const { options, model } = context;
    const stacks = findStacks(model, options.blocks);
    const plan = planTaps(stacks, { ...options, beforeLast: true, encoders: true });
    const lateWidth = options.widths?.at(-1) ?? blockShape(plan.last.block).width;
    const side = addModules(context, stacks, plan, lateWidth);
    freezeBackbone(context);
    const ends = stacks.map(({ blocks }) => blocks.length - 1);
    followTrunk(context, stacks, new SherlWalker(plan, side, ends, options), { values: plan.values });
  },
});
