import { definePlugin, type PluginContext } from '@tapgrad/core';
import { tidy } from '@tensorflow/tfjs-core';
import { incompatible } from '../base/conflicts.ts';
import { checkImageRange } from '../base/data.ts';
import { learnLocally } from '../base/local-learner.ts';
import { LocalNetwork, widthsOf } from '../base/local-network.ts';
import { type Cut, findCuts } from '../base/partition.ts';
import { recomputeLastBlocks } from '../base/recompute-blocks.ts';
import { progressOf, rampAt } from '../base/schedule.ts';
import { BlockCopies } from './block-copies.ts';
import {
  type CheckedMomentumAuxiliaryOptions,
  type MomentumAuxiliaryOptions,
  momentumAuxiliaryOptions,
} from './options.ts';

/**
 * Momentum auxiliary networks, MAN (Su et al., ECCV 2024): the model is cut into parts without a gradient between them.
 * Each part but the last learns by a loss of its own, which is differentiated as soon as the part has run, so that only one
 * part's activations are kept at a time. What a part made goes through two copies of the block that follows it, one that
 * learns and one that is a moving average of that block, into a classifier and a decoder of the model's input.
 *
 * Blocks must take and give images `[batch, height, width, channels]`, tokens `[batch, tokens, width]` or vectors
 * `[batch, width]`. Evaluation and `predict` run the model alone.
 * @throws TapgradError at attach: NO_BLOCKS, LOCAL_PARTS, LOCAL_WIDTH, LOCAL_CLASSES, LOCAL_IMAGE, LOCAL_NO_LOSS,
 * MODULE_NOT_CLONEABLE; in training: LOCAL_IMAGE, LOCAL_TARGETS, LOCAL_PATCHES, LOCAL_ORDER, LOCAL_SKIPPED, LOCAL_VALUE,
 * LOCAL_CROSSING, LOCAL_ASYNC_RESTORE
 */
export const momentumAuxiliary = definePlugin<MomentumAuxiliaryOptions, CheckedMomentumAuxiliaryOptions>({
  name: 'momentum-auxiliary',
  version: '0.0.0',
  conflicts: incompatible,
  writes: ['forward:blocks'],
  options: momentumAuxiliaryOptions,
  apply(context) {
    const { model, options, hooks } = context;
    const cuts = findCuts(model, options);
    const places = cuts.map((cut, number) => {
      const weights = weightsAt(cut, number, cuts.length + 1, options);
      const { output, images } = widthsOf(cut.block.module, cut.block.path);
      const shared = context as PluginContext<unknown>;
      const copies = new BlockCopies(shared, number, cut, options);
      return {
        weights,
        copies,
        network: new LocalNetwork(shared, number, { width: output, images }, weights, options),
      };
    });
    if (places.some(({ network }) => network.draws)) checkImageRange(context, options);
    learnLocally(context, cuts, (number, crossing) => {
      const { copies, network } = places[number] as (typeof places)[number];
      const { value, rest, training } = crossing;
      return tidy(() => network.loss(copies.call(value, rest, training), crossing));
    });
    // The release does so inside the forward, with the weights before the step: the same but for one step's delay. Here a step
    // that fails leaves the averages as they are, and several micro-batches move them once.
    hooks.update.after.tap(() => {
      for (const { copies } of places) copies.update();
    });
    return recomputeLastBlocks(model, cuts, options);
  },
});

function weightsAt({ stage }: Cut, number: number, parts: number, options: CheckedMomentumAuxiliaryOptions) {
  const progress = progressOf(options.variant === 'paper' ? number : stage, parts);
  return {
    classification: rampAt(options.classification, progress),
    reconstruction: rampAt(options.reconstruction, progress),
  };
}
