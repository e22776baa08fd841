import { definePlugin } from '@tapgrad/core';
import { findStacks } from '@tapgrad/nn';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { blockWidths } from './block-widths.ts';
import { type CheckedSidePathOptions, type SidePathOptions, sidePathOptions } from './options.ts';
import { SideBranch } from './side-branch.ts';

/**
 * A narrow branch beside each block, from the block's input to its output (the side part of S2A, arXiv:2503.08154). For
 * blocks of tokens `[batch, tokens, width]` and of maps `[batch, height, width, channels]`. It begins as a branch that adds
 * nothing.
 * @throws TapgradError at attach: NO_BLOCKS, S2A_WIDTH
 */
export const sidePath = definePlugin<SidePathOptions, CheckedSidePathOptions>({
  name: 'side-path',
  version: '0.0.0',
  // Tokens that other plugins insert are gone from the output, and still stand in front in the input; where a plugin cuts
  // the gradient between blocks, the branch must not lead around the cut.
  reads: ['tokens:blocks', 'forward:blocks'],
  transforms: ['tap:block-output'],
  options: sidePathOptions,
  apply({ model, options, hooks, addModule, random }) {
    const inputs = new Map<string, Tensor>();
    const blocks = findStacks(model, options.blocks).flatMap((stack) => stack.blocks);
    for (const [number, block] of blocks.entries()) {
      const { path } = block;
      const made = new SideBranch(blockWidths(block, options.widths), options, random('side', number));
      const branch = addModule(`side-${number}`, made);
      hooks.tap(`${path}:input`).forward<unknown>((given) => {
        inputs.set(path, (Array.isArray(given) ? given[0] : given) as Tensor);
      });
      hooks.tap(`${path}:output`).forward((y) => {
        // The block's caller keeps its input until the block has returned.
        const x = inputs.get(path);
        inputs.delete(path);
        return x && add(y, branch.call(x, y));
      });
    }
  },
});
