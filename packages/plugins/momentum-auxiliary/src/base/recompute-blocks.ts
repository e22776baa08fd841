import type { PluginInstance } from '@tapgrad/core';
import { type Block, type BlockModule, findStacks } from '@tapgrad/nn';
import type { Cut } from './partition.ts';

interface RecomputeOptions {
  readonly blocks: string;
  readonly recomputeBlocks: number;
}

/** The last blocks of every part but the last, at most `recomputeBlocks` each. */
export function lastBlocks(
  model: BlockModule,
  cuts: readonly Cut[],
  { blocks, recomputeBlocks }: RecomputeOptions,
): Block[] {
  if (recomputeBlocks === 0 || cuts.length === 0) return [];
  const all = findStacks(model, blocks).flatMap((stack) => stack.blocks);
  const firsts = cuts.map((cut) => all.findIndex(({ path }) => path === cut.block.path));
  return firsts.flatMap((first, part) => {
    const begin = part === 0 ? 0 : (firsts[part - 1] as number);
    return all.slice(Math.max(begin, first - recomputeBlocks), Math.max(begin, first));
  });
}

/** Has the last blocks of parts run again in backward, until the plugin is detached. */
export function recomputeLastBlocks(
  model: BlockModule,
  cuts: readonly Cut[],
  options: RecomputeOptions,
): PluginInstance {
  const chosen = lastBlocks(model, cuts, options).filter(({ module }) => !module.recomputed);
  for (const { module } of chosen) module.recomputed = true;
  return {
    dispose() {
      for (const { module } of chosen) module.recomputed = false;
    },
  };
}
