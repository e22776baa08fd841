import { TapgradError } from '@tapgrad/core';
import { type Block, TransformerBlock } from '@tapgrad/nn';

/** Widths of what enters and leaves a block, `[batch, tokens, width]`. */
export interface BlockWidths {
  readonly inputWidth: number;
  readonly width: number;
}

/**
 * Widths of a block: of a TransformerBlock, of a class that says its own, or what the user says of all blocks.
 * @throws TapgradError TOKENS_WIDTH
 */
export function blockWidths({ module, path }: Block, given?: number): BlockWidths {
  if (module instanceof TransformerBlock) {
    const { width, inputWidth = width } = module.options;
    return { inputWidth, width };
  }
  const { inputWidth, width } = module as Partial<BlockWidths>;
  if (typeof inputWidth === 'number' && typeof width === 'number') return { inputWidth, width };
  if (given !== undefined) return { inputWidth: given, width: given };
  throw new TapgradError({
    code: 'TOKENS_WIDTH',
    message: `block ${path} is a ${module.constructor.name}, whose width cannot be told`,
    modulePath: path,
    fix: 'let the class have numbers `inputWidth` and `width`; prompt tokens also take the option `width`',
  });
}
