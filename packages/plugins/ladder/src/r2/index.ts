import { definePlugin } from '@tapgrad/core';
import type { Block, BlockStack } from '@tapgrad/nn';
import { blockShape } from '../base/block-width.ts';
import { trainsTheBackbone } from '../base/conflicts.ts';
import { freezeBackbone } from '../base/frozen.ts';
import { QueryPool, R2Block } from './block.ts';
import { MomentHeads } from './heads.ts';
import { type CheckedR2Options, type R2Options, r2Options } from './options.ts';
import { isR2Output, r2Terms } from './terms.ts';
import { followTowers, towersOf } from './towers.ts';
import { type R2Modules, r2Output } from './walker.ts';

/**
 * R2-Tuning (Liu et al. 2024, arXiv:2404.00801): moments in videos, found by a query. One small block walks backwards over the
 * last K layers of a frozen video tower and a frozen query tower, neither on the tape.
 *
 * Blocks of the video tower give `[batch * clips, patches, width]`, the class token first; those of the query tower
 * `[batch, words, width]`. The model returns an `R2Output`; five loss terms are added to the user's own.
 * @throws TapgradError at attach: NO_BLOCKS, R2_TOWER, R2_LAYERS, LADDER_BLOCK_UNKNOWN; in forward: R2_FEATURES,
 * LADDER_BLOCK_VALUE, LADDER_MASK; in the loss: R2_TARGETS
 */
export const r2 = definePlugin<R2Options, CheckedR2Options>({
  name: 'r2',
  version: '0.0.0',
  conflicts: trainsTheBackbone,
  reads: ['tap:block-output'],
  writes: ['output:model'],
  options: r2Options,
  apply(context) {
    const { options, model, hooks } = context;
    const stacks = towersOf(model, options);
    const widths = options.widths ?? { video: widthOf(stacks[0]), query: widthOf(stacks[1]) };
    const random = context.random('side');
    const side: R2Modules = {
      block: context.addModule('block', new R2Block(widths, options, random)),
      pool: context.addModule('pool', new QueryPool(options.width, random)),
      heads: context.addModule('heads', new MomentHeads(options.width, options.strides, random)),
    };
    freezeBackbone(context);
    // The towers run as in evaluation; the model itself says in which mode the plugin's modules are.
    context.keepInEvaluation([...model.namedModules()].flatMap(([path, module]) => (path === '' ? [] : [module])));
    followTowers(
      context,
      stacks,
      options,
      (features) => r2Output(side, features),
      (training) => {
        for (const module of Object.values(side)) if (module.training !== training) module.train(training);
      },
    );
    hooks.loss.tap((terms, { batch, outputs, microBatch }) => {
      if (!isR2Output(outputs)) return undefined;
      return { ...terms, ...r2Terms(outputs, batch, options, context.random('positive', microBatch)) };
    });
  },
});

function widthOf({ blocks }: BlockStack): number {
  return blockShape(blocks.at(-1) as Block).width;
}
