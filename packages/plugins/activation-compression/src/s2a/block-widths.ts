import { TapgradError } from '@tapgrad/core';
import { type Block, Conv2d, DepthwiseConv2d, TransformerBlock } from '@tapgrad/nn';

/** Channels or features of a block's input and output. */
export type Widths = readonly [input: number, output: number];

/**
 * Widths of a block: what a `TransformerBlock` says of itself, else channels of its first convolution's input and of its
 * last convolution's output, in the order of the block's properties.
 * @throws TapgradError S2A_WIDTH
 */
export function blockWidths({ path, module }: Block, given: Widths | undefined): Widths {
  if (given) return given;
  const block: unknown = module;
  if (block instanceof TransformerBlock) return [block.options.inputWidth ?? block.options.width, block.options.width];
  const convolutions = [...module.namedModules().values()].flatMap((each: unknown): Widths[] => {
    if (each instanceof Conv2d) return [[each.inChannels, each.outChannels]];
    return each instanceof DepthwiseConv2d
      ? [[each.channels, (each.weight.shape[2] ?? 1) * (each.weight.shape[3] ?? 1)]]
      : [];
  });
  const [first, last] = [convolutions[0], convolutions.at(-1)];
  if (first && last) return [first[0], last[1]];
  throw new TapgradError({
    code: 'S2A_WIDTH',
    message: `nothing in block ${path} tells how wide its input and output are`,
    modulePath: path,
    fix: 'give the widths as an option, or let `blocks` name transformer blocks or blocks of convolutions',
  });
}
