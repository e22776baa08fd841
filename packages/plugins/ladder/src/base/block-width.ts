import { TapgradError } from '@tapgrad/core';
import {
  BatchNorm2d,
  type Block,
  type BlockModule,
  Conv2d,
  LayerNorm,
  RMSNorm,
  T5Block,
  TransformerBlock,
} from '@tapgrad/nn';
import type { ValueKind } from './trunk.ts';

/** What a block of one's own class says of itself. */
export interface BlockShape {
  readonly width: number;
  /** Width of what comes in. */
  readonly inputWidth: number;
}

/**
 * Widths of what a block gives and takes: a TransformerBlock's, those that its class states (`width`, `inputWidth`), or
 * the channels of its last batch norm.
 * @throws TapgradError LADDER_BLOCK_UNKNOWN
 */
export function blockShape({ path, module }: Block): BlockShape {
  if (module instanceof TransformerBlock) {
    const { width, inputWidth = width } = module.options;
    return { width, inputWidth };
  }
  if ('width' in module && typeof module.width === 'number') {
    const { width, inputWidth = width } = module as BlockModule & { width: number; inputWidth?: number };
    return { width, inputWidth };
  }
  const norm = inside(module).findLast((each) => each instanceof BatchNorm2d);
  const convolution = inside(module).find((each) => each instanceof Conv2d);
  if (norm) return { width: norm.channels, inputWidth: convolution?.inChannels ?? norm.channels };
  throw new TapgradError({
    code: 'LADDER_BLOCK_UNKNOWN',
    message: `block ${path} is a ${module.constructor.name}, whose widths cannot be told`,
    modulePath: path,
    fix: 'give the option `widths`, or let the class have the properties `width` and `inputWidth`',
  });
}

/** Blocks with convolutions pass maps, others tokens. */
export function valuesOf({ module }: Block): ValueKind {
  return inside(module).some((each) => each instanceof Conv2d) ? 'maps' : 'tokens';
}

/** The norm that must follow a pre-norm block, of its kind, before a head; undefined for other blocks. */
export function finalNorm(module: unknown, width: number): LayerNorm | RMSNorm | undefined {
  if (module instanceof T5Block) return new RMSNorm(width);
  if (!(module instanceof TransformerBlock)) return undefined;
  const { norm = 'pre', normKind = 'layer', epsilon } = module.options;
  if (norm === 'post') return undefined;
  const options = epsilon === undefined ? {} : { epsilon };
  return normKind === 'rms' ? new RMSNorm(width, options) : new LayerNorm(width, options);
}

function inside(module: BlockModule): unknown[] {
  return [...module.namedModules().values()];
}
