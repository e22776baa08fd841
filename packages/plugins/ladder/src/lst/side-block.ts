import { type Module, type RandomStream, TapgradError } from '@tapgrad/core';
import { type Block, type BlockModule, T5Block, TransformerBlock } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type BlockShape, finalNorm } from '../base/block-width.ts';
import type { PruningStep } from './pruning-step.ts';

/** A narrower copy of a block: takes `[batch, tokens, width / reduction]` and what else the block takes. */
export type SideBlock = Module<[Tensor, ...unknown[]], Tensor>;

export interface NarrowOptions {
  readonly random: RandomStream;
  /** The side block before this one in its stack, for what blocks share. */
  readonly previous: SideBlock | undefined;
}

/** A class of block of one's own implements this to have a ladder beside it. */
export interface Narrowable extends BlockShape {
  narrowed(reduction: number, options: NarrowOptions): SideBlock;
  /** The norm at the end of the side stack; undefined for blocks that end with one. */
  finalNorm(width: number): Module | undefined;
  /** How its weights are pruned; without it, `init: 'random'` only. */
  pruning?(): readonly PruningStep[];
}

/** What a user says of blocks of another class. */
export interface BlockSizes {
  readonly width: number;
  readonly heads: number;
  readonly inputWidth?: number | undefined;
  readonly hidden?: number | undefined;
}

/**
 * How to build beside a block: by its own class, or from sizes that the user gave.
 * @throws TapgradError LADDER_BLOCK_UNKNOWN
 */
export function narrowable({ module, path }: Block, sizes: BlockSizes | undefined): Narrowable {
  if (isNarrowable(module)) return module;
  if (module instanceof TransformerBlock) return besideTransformerBlock(module);
  if (module instanceof T5Block) return besideT5Block(module);
  if (sizes) return besideTransformerBlock(new TransformerBlock(withDefaults(sizes)), false);
  throw new TapgradError({
    code: 'LADDER_BLOCK_UNKNOWN',
    message: `block ${path} is a ${module.constructor.name}, whose sizes the ladder cannot tell`,
    modulePath: path,
    fix: 'give `side: { width, heads }` of the blocks, or let the class implement `narrowed` (Narrowable)',
  });
}

function isNarrowable(module: BlockModule): module is BlockModule & Narrowable {
  return 'narrowed' in module && typeof module.narrowed === 'function';
}

function besideTransformerBlock(block: TransformerBlock, prunable = true): Narrowable {
  const { options } = block;
  const { width, inputWidth = width, heads, hidden = 4 * width } = options;
  return {
    width,
    inputWidth,
    narrowed: (reduction, { random }) =>
      new TransformerBlock({
        ...options,
        width: divided(width, reduction, heads),
        inputWidth: divided(width, reduction, heads),
        hidden: divided(hidden, reduction, 1),
        random,
      }) as SideBlock,
    finalNorm: (sideWidth) => finalNorm(block, sideWidth),
    ...(prunable && { pruning: () => transformerBlockPruning(options) }),
  };
}

/** All heads stay, each gets narrower; the side stack has a relative bias of its own. */
function besideT5Block(block: T5Block): Narrowable {
  const { width, hidden, headWidth } = block.options;
  return {
    width,
    inputWidth: width,
    narrowed: (reduction, { random, previous }) =>
      new T5Block({
        ...block.options,
        width: divided(width, reduction, 1),
        hidden: divided(hidden, reduction, 1),
        headWidth: divided(headWidth, reduction, 1),
        relative: (previous as T5Block | undefined)?.relative,
        random,
      }) as SideBlock,
    finalNorm: (sideWidth) => finalNorm(block, sideWidth),
    pruning: () => t5BlockPruning(block),
  };
}

/** Forward order of a T5Block's weights. */
function t5BlockPruning({ cross }: T5Block): PruningStep[] {
  const attend = (name: string): PruningStep[] => [
    { kind: 'joint', layers: [`${name}.query`, `${name}.key`, `${name}.value`] },
    { kind: 'joint', layers: [`${name}.output`] },
  ];
  const norm = (layer: string): PruningStep => ({ kind: 'norm', layer });
  return [
    { kind: 'copy', parameter: 'relative.table.weight' },
    norm('norm1'),
    ...attend('self'),
    ...(cross ? [norm('norm2'), ...attend('cross')] : []),
    norm('norm3'),
    { kind: 'joint', layers: ['up'] },
    { kind: 'joint', layers: ['down'] },
  ];
}

/** Forward order of a TransformerBlock's weights. */
function transformerBlockPruning({ norm = 'pre', projections = 'fused' }: TransformerBlock['options']): PruningStep[] {
  const attention: PruningStep =
    projections === 'fused'
      ? { kind: 'fused', layer: 'attention.qkv', parts: 3 }
      : { kind: 'joint', layers: ['attention.query', 'attention.key', 'attention.value'] };
  const first: PruningStep = { kind: 'norm', layer: 'norm1' };
  const second: PruningStep = { kind: 'norm', layer: 'norm2' };
  const output: PruningStep = { kind: 'joint', layers: ['attention.output'] };
  const mlp: PruningStep[] = [
    { kind: 'joint', layers: ['mlp.up'] },
    { kind: 'joint', layers: ['mlp.down'] },
  ];
  return norm === 'pre' ? [first, attention, output, second, ...mlp] : [attention, output, first, ...mlp, second];
}

/**
 * A size divided by the reduction, and by the heads, which stay as many as they are.
 * @throws TapgradError LADDER_WIDTH
 */
function divided(size: number, reduction: number, heads: number): number {
  const narrow = size / reduction;
  if (Number.isInteger(narrow) && narrow % heads === 0) return narrow;
  throw new TapgradError({
    code: 'LADDER_WIDTH',
    message: `${size} / ${reduction} is no width for ${heads} heads`,
    fix: `choose a reduction that divides ${size / heads}: all heads stay, each gets narrower`,
  });
}

function withDefaults({ width, inputWidth = width, heads, hidden = 4 * width }: BlockSizes) {
  return { width, inputWidth, heads, hidden };
}
