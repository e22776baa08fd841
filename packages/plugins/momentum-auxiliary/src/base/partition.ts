import { TapgradError } from '@tapgrad/core';
import { type Block, type BlockModule, findStacks } from '@tapgrad/nn';

export interface PartitionOptions {
  readonly blocks: string;
  readonly parts?: number | undefined;
  readonly cuts?: readonly string[] | undefined;
}

/** Where the graph is cut: before this block. */
export interface Cut {
  /** First block of the part that follows. */
  readonly block: Block;
  /** Number of the list, among those of the blocks, in which it stands: the stage of a residual network. */
  readonly stage: number;
}

/**
 * The cuts between the parts of a model, in its order. What runs before the first cut (a stem) belongs to the first part,
 * what runs after the last to the last.
 * @throws TapgradError NO_BLOCKS, LOCAL_PARTS
 */
export function findCuts(model: BlockModule, { blocks: pattern, parts, cuts }: PartitionOptions): Cut[] {
  const placed = (paths: ReadonlySet<string>, stages: readonly (readonly Block[])[]): Cut[] =>
    stages.flatMap((stage, number) =>
      stage.filter(({ path }) => paths.has(path)).map((block) => ({ block, stage: number })),
    );
  if (cuts) {
    const named = cuts.flatMap((each) => findStacks(model, each).flatMap(({ blocks }) => blocks));
    const paths = new Set(named.map(({ path }) => path));
    const stages = stagesOf(model, pattern);
    const all = placed(paths, stages);
    // Blocks that the pattern does not know count as one more stage, in the order of the model.
    const known = new Set(all.map(({ block }) => block.path));
    const rest = named.filter(({ path }) => !known.has(path)).map((block) => ({ block, stage: 0 }));
    const order = [...model.namedModules().keys()];
    return [...all, ...rest].sort((a, b) => order.indexOf(a.block.path) - order.indexOf(b.block.path));
  }
  const stages = findStacks(model, pattern).map(({ blocks }) => blocks);
  const all = stages.flat();
  const firsts = firstsOfParts(all.length, parts ?? 2);
  return placed(new Set(firsts.map((position) => (all[position] as Block).path)), stages);
}

function stagesOf(model: BlockModule, pattern: string): (readonly Block[])[] {
  try {
    return findStacks(model, pattern).map(({ blocks }) => blocks);
  } catch (thrown) {
    if (thrown instanceof TapgradError && thrown.code === 'NO_BLOCKS') return [];
    throw thrown;
  }
}

/**
 * Numbers of the blocks with which parts 2 to K begin. The blocks are shared out evenly; where K does not divide their
 * number, what runs before them counts as one more, as in the published tables (15 blocks and a stem in 16 or 8 parts).
 * @throws TapgradError LOCAL_PARTS
 */
export function firstsOfParts(blocks: number, parts: number): number[] {
  const stem = blocks % parts === 0 ? 0 : 1;
  if (parts > blocks + 1) {
    throw new TapgradError({
      code: 'LOCAL_PARTS',
      message: `${parts} parts of ${blocks} blocks and what runs before them`,
      fix: `ask for at most ${blocks + 1} parts, or let \`blocks\` name more blocks`,
    });
  }
  const units = blocks + stem;
  return Array.from({ length: parts - 1 }, (_, i) => Math.round(((i + 1) * units) / parts) - stem);
}
