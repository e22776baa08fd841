import { definePlugin, type Module, type PluginContext, TapgradError } from '@tapgrad/core';
import { findStacks } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { trainsTheBackbone } from '../base/conflicts.ts';
import { freezeBackbone } from '../base/frozen.ts';
import { Classifier, mustHave, TokenPool } from '../base/head.ts';
import { planTaps, type TapPlan } from '../base/tap-plan.ts';
import { followTrunk } from '../base/trunk.ts';
import { Interaction, Output } from './modules.ts';
import { MapNarrow, TokenNarrow } from './narrow.ts';
import { type CheckedUniptOptions, type UniptOptions, uniptOptions } from './options.ts';
import { type UniptModules, UniptWalker } from './walker.ts';

/**
 * UniPT (Diao et al. 2024, arXiv:2308.14316): the backbone runs frozen and without a tape; every state of it is brought down
 * to k features, compared with the last one, and all are merged by their confidence.
 *
 * Blocks take and give `[batch, tokens, width]`, or maps `[batch, height, width, channels]` of a convolutional network in
 * stages. The model returns logits `[batch, classes]` of a new classifier, or what its own frozen head makes of the features.
 * @throws TapgradError at attach: NO_BLOCKS, LADDER_STACKS, LADDER_LAYERS, LADDER_BLOCK_UNKNOWN, LADDER_HEAD, UNIPT_WIDTH;
 * in forward: LADDER_BLOCK_VALUE, LADDER_BLOCK_SKIPPED, LADDER_MASK, LADDER_MAP_SIZE, LADDER_HEAD
 */
export const unipt = definePlugin<UniptOptions, CheckedUniptOptions>({
  name: 'unipt',
  version: '0.0.0',
  conflicts: trainsTheBackbone,
  reads: ['tap:block-output'],
  writes: ['output:model'],
  options: uniptOptions,
  apply(context) {
    const { options, model } = context;
    const stacks = findStacks(model, options.blocks);
    const plan = planTaps(stacks, { ...options, beforeLast: false });
    const side = addModules(context, plan);
    freezeBackbone(context);
    const replaceAt = side.head ? undefined : options.at;
    followTrunk(context, stacks, new UniptWalker(plan, side, options), { replaceAt, values: plan.values });
  },
});

/** @throws TapgradError UNIPT_WIDTH, LADDER_HEAD */
function addModules(context: PluginContext<CheckedUniptOptions>, { taps, values }: TapPlan): UniptModules {
  const { options } = context;
  const { reduction, epsilon, proj, final, pooling } = options;
  const last = taps.at(-1) as TapPlan['taps'][number];
  const width = last.width / reduction;
  if (!Number.isInteger(width)) {
    throw new TapgradError({
      code: 'UNIPT_WIDTH',
      message: `the last block gives ${last.width} features, which ${reduction} does not divide`,
      fix: `choose a reduction that divides ${last.width}`,
    });
  }
  const random = context.random('side');
  const narrow = taps.map((tap, i) => {
    const guideWidth = tap === last ? undefined : last.width;
    const made: Module<[state: Tensor, last?: Tensor]> =
      values === 'tokens'
        ? new TokenNarrow(tap.width, width, random)
        : new MapNarrow(tap.width, width, { guideWidth, epsilon, random });
    return context.addModule(`narrow-${i}`, made);
  });
  const interaction = context.addModule('interaction', new Interaction(width, epsilon, random));
  const output = context.addModule('output', new Output({ proj, final, from: width, to: last.width, random }));
  const pool = new TokenPool(pooling);
  if (options.head === 'own') {
    mustHave(context, options.at);
    return { narrow, interaction, output, head: undefined, pool: context.addModule('pool', pool) };
  }
  const head = new Classifier(last.width, options.head.classes, pooling, context.random('head'));
  return { narrow, interaction, output, head: context.addModule('head', head), pool };
}
