import { definePlugin, type PluginContext, TapgradError } from '@tapgrad/core';
import { type BlockStack, findStacks } from '@tapgrad/nn';
import { trainsTheBackbone } from '../base/conflicts.ts';
import { freezeBackbone } from '../base/frozen.ts';
import { Classifier, mustHave } from '../base/head.ts';
import { followTrunk } from '../base/trunk.ts';
import { FrozenTeacher } from './frozen-teacher.ts';
import { type CheckedLadderOptions, type LadderOptions, ladderOptions } from './options.ts';
import { PrunedStart } from './pruned-start.ts';
import { narrowable } from './side-block.ts';
import { SideStack } from './side-stack.ts';
import { Upsample } from './upsample.ts';
import { SideWalker } from './walker.ts';

/**
 * Ladder side-tuning, LST (Sung, Cho & Bansal 2022, arXiv:2206.06522): the backbone runs frozen and without a tape; a
 * network r times narrower climbs beside it, and alone is trained.
 *
 * The backbone's blocks must take and give `[batch, tokens, width]`. The model returns logits of the new classifier
 * `[batch, classes]` with `head: { classes }`, else what its own frozen head makes of the side features.
 * @throws TapgradError at attach: NO_BLOCKS, LADDER_BLOCK_UNKNOWN, LADDER_WIDTH, LADDER_LAYERS, LADDER_HEAD,
 * LADDER_NOT_PRUNABLE; in forward: LADDER_BLOCK_VALUE, LADDER_BLOCK_SKIPPED, LADDER_MASK, LADDER_LOGITS
 */
export const ladder = definePlugin<LadderOptions, CheckedLadderOptions>({
  name: 'ladder',
  version: '0.0.0',
  conflicts: trainsTheBackbone,
  reads: ['tap:block-output'],
  writes: ['output:model'],
  options: ladderOptions,
  apply(context) {
    const { options, model } = context;
    const stacks = findStacks(model, options.blocks);
    const side = stacks.map((stack, number) => addSideStack(context, stack, sideName('side', number, stacks)));
    const head = addHead(context, side.at(-1) as SideStack);
    const start = options.init === 'pruned' ? new PrunedStart(context, side) : undefined;
    freezeBackbone(context);
    const teacher = options.distillation > 0 ? new FrozenTeacher(context, () => start?.measuring ?? false) : undefined;
    const resting = () => (start?.measuring || teacher?.asked) ?? false;
    const walker = new SideWalker(options, side, head, resting);
    followTrunk(context, stacks, walker, { replaceAt: head instanceof Upsample ? options.at : undefined });
    return {
      saveState: () => ({ json: { started: start?.done ?? true } }),
      loadState({ json }) {
        if (start) start.done = (json as { started?: boolean } | undefined)?.started ?? true;
      },
    };
  },
});

function addSideStack(context: PluginContext<CheckedLadderOptions>, stack: BlockStack, name: string): SideStack {
  const { options } = context;
  const beside = stack.blocks.map((block) => narrowable(block, options.side));
  const { keep, drop } = options;
  const unknown = [...(keep ?? []), ...(drop ?? [])].filter((layer) => layer >= beside.length);
  const keeps = (layer: number) => (keep ? keep.includes(layer) : !drop?.includes(layer));
  if (unknown.length > 0 || !beside.some((_, layer) => keeps(layer))) {
    throw new TapgradError({
      code: 'LADDER_LAYERS',
      message: `${stack.blocks.length} blocks match, and ${unknown.length > 0 ? `there is no block ${unknown}` : 'all are dropped'}`,
      fix: 'number the blocks of a stack from 0, and keep at least one',
    });
  }
  return context.addModule(name, new SideStack(stack, beside, { ...options, keeps, random: context.random(name) }));
}

function sideName(name: string, number: number, stacks: readonly unknown[]): string {
  return stacks.length === 1 ? name : `${name}-${number}`;
}

function addHead(context: PluginContext<CheckedLadderOptions>, last: SideStack): Classifier | Upsample {
  const { options } = context;
  const random = context.random('head');
  if (options.head !== 'upsample') {
    const { classes } = options.head;
    return context.addModule('side-head', new Classifier(last.sideWidth, classes, options.pooling, random));
  }
  mustHave(context, options.at);
  return context.addModule('side-head', new Upsample(last.sideWidth, last.width, options.pooling, random));
}
