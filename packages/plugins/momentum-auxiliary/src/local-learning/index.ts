import { definePlugin, type PluginContext } from '@tapgrad/core';
import { incompatible } from '../base/conflicts.ts';
import { checkImageRange } from '../base/data.ts';
import { learnLocally } from '../base/local-learner.ts';
import { LocalNetwork, widthsOf } from '../base/local-network.ts';
import { findCuts } from '../base/partition.ts';
import { recomputeLastBlocks } from '../base/recompute-blocks.ts';
import { progressOf, rampAt } from '../base/schedule.ts';
import { type CheckedLocalLearningOptions, type LocalLearningOptions, localLearningOptions } from './options.ts';

/**
 * Supervised local learning: the model is cut into parts without a gradient between them, and each part but the last learns
 * from a classifier (and, with `reconstruction`, a decoder of the model's input) on what it made, as soon as it has run.
 * `momentumAuxiliary` without its copies of the next block; with `reconstruction` the losses of InfoPro (Wang et al. 2021).
 *
 * Blocks, errors and evaluation: as `momentumAuxiliary`.
 * @throws TapgradError at attach: NO_BLOCKS, LOCAL_PARTS, LOCAL_WIDTH, LOCAL_CLASSES, LOCAL_IMAGE, LOCAL_NO_LOSS; in
 * training: LOCAL_IMAGE, LOCAL_TARGETS, LOCAL_PATCHES, LOCAL_ORDER, LOCAL_SKIPPED, LOCAL_VALUE, LOCAL_CROSSING,
 * LOCAL_ASYNC_RESTORE
 */
export const localLearning = definePlugin<LocalLearningOptions, CheckedLocalLearningOptions>({
  name: 'local-learning',
  version: '0.0.0',
  conflicts: incompatible,
  writes: ['forward:blocks'],
  options: localLearningOptions,
  apply(context) {
    const { model, options } = context;
    const cuts = findCuts(model, options);
    const networks = cuts.map(({ block }, number) => {
      const progress = progressOf(number, cuts.length + 1);
      const weights = {
        classification: rampAt(options.classification, progress),
        reconstruction: rampAt(options.reconstruction, progress),
      };
      const { input, images } = widthsOf(block.module, block.path);
      return new LocalNetwork(context as PluginContext<unknown>, number, { width: input, images }, weights, options);
    });
    if (networks.some(({ draws }) => draws)) checkImageRange(context, options);
    learnLocally(context, cuts, (number, crossing) =>
      (networks[number] as LocalNetwork).loss(crossing.value, crossing),
    );
    return recomputeLastBlocks(model, cuts, options);
  },
});
