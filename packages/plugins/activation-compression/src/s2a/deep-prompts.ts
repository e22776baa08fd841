import { definePlugin, Parameter, TapgradError } from '@tapgrad/core';
import {
  type Block,
  findStacks,
  initializers,
  insertTokens,
  promptBound,
  TransformerBlock,
  VisionTransformer,
} from '@tapgrad/nn';
import { type CheckedDeepPromptsOptions, type DeepPromptsOptions, deepPromptsOptions } from './options.ts';

/**
 * Learned tokens in front of those of every block, taken off behind it (the prompt part of S2A, arXiv:2503.08154; deep
 * prompts of Jia et al. 2022, arXiv:2203.12119). Blocks take and give `[batch, tokens, width]`.
 * @throws TapgradError at attach: NO_BLOCKS, S2A_PROMPTS; in forward: TOKENS_BLOCK_VALUE, TOKENS_MASK
 */
export const deepPrompts = definePlugin<DeepPromptsOptions, CheckedDeepPromptsOptions>({
  name: 'deep-prompts',
  version: '0.0.0',
  // Their copies of a block, and what they take for an image's patches, know nothing of prompts.
  conflicts: ['momentum-auxiliary', 'local-learning', 'synthetic-gradients'],
  transforms: ['tokens:blocks'],
  options: deepPromptsOptions,
  apply({ model, options, hooks, addParameter, random }) {
    const { count } = options;
    const stacks = findStacks(model, options.blocks);
    const patchSize = options.patchSize ?? patchSizeOf(model);
    const prompts = stacks.map(({ blocks }, stack) =>
      blocks.map((block, layer) => {
        const width = options.width ?? widthOf(block);
        const bound = promptBound(patchSize, width);
        const made = initializers.uniform(-bound, bound)([count, width], random(stack, layer));
        return addParameter(stacks.length === 1 ? `${layer}` : `${stack}-${layer}`, new Parameter(made));
      }),
    );
    insertTokens(hooks, stacks, {
      count,
      mode: 'deep',
      tokens: (stack, layer) => ((prompts[stack] as Parameter[])[layer] as Parameter).read(),
    });
  },
});

function patchSizeOf(model: unknown): number {
  const kernel = model instanceof VisionTransformer ? model.patches.kernel : 16;
  return typeof kernel === 'number' ? kernel : kernel[0];
}

function widthOf({ path, module }: Block): number {
  const block: unknown = module;
  if (block instanceof TransformerBlock) return block.options.inputWidth ?? block.options.width;
  throw new TapgradError({
    code: 'S2A_PROMPTS',
    message: `prompts are tokens, and block ${path} is no transformer block`,
    modulePath: path,
    fix: "leave 'prompt' out of `structures`, or give the width of the blocks' tokens with `prompts: { width }`",
  });
}
