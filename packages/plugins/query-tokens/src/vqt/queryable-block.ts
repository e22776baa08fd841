import { TapgradError } from '@tapgrad/core';
import { type Block, MultiHeadAttention } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type BlockWidths, blockWidths } from '../base/block-widths.ts';

/** A block that queries can read; a class of one's own implements this, and has `inputWidth` and `width` as numbers. */
export interface QueryableBlock {
  /** Its keys and values are read. It must be run with `call`. */
  readonly attention: MultiHeadAttention;
  /**
   * The block with `attend` in the place of its attention: rows `[batch, rows, inputWidth]` to `[batch, rows, width]`.
   * All else in it must go row by row.
   */
  around(rows: Tensor, attend: (rows: Tensor) => Tensor): Tensor;
}

export interface QueriedBlock extends BlockWidths {
  readonly path: string;
  readonly block: QueryableBlock;
}

/** @throws TapgradError QUERY_BLOCK_UNKNOWN, TOKENS_WIDTH */
export function queriedBlock(block: Block): QueriedBlock {
  const { module, path } = block;
  if (!isQueryable(module)) {
    throw new TapgradError({
      code: 'QUERY_BLOCK_UNKNOWN',
      message: `block ${path} is a ${module.constructor.name}, through which queries cannot be sent`,
      modulePath: path,
      fix: 'let `blocks` name transformer blocks, or let the class implement QueryableBlock: `attention` and `around`',
    });
  }
  return { path, block: module, ...blockWidths(block) };
}

function isQueryable(module: object): module is QueryableBlock {
  const { attention, around } = module as Partial<QueryableBlock>;
  return attention instanceof MultiHeadAttention && typeof around === 'function';
}
