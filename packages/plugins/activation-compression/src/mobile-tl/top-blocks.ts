import { definePlugin, type Parameter, pathMatcher, TapgradError } from '@tapgrad/core';
import { BatchNorm2d, type BlockModule, findStacks } from '@tapgrad/nn';
import { type CheckedTopBlocksOptions, mobileTlOptions, type TopBlocksOptions } from './options.ts';
import { blockRoles } from './roles.ts';

/**
 * Trains the top blocks of a network of inverted residuals as MobileTL does (Chiang et al. 2023, arXiv:2212.03246):
 * convolutions and the last norm whole, of inner norms the shift alone, with scale and statistics frozen. What lies below
 * is not on the tape.
 * @throws TapgradError at attach: NO_BLOCKS, MOBILE_TL_BLOCKS, MOBILE_TL_BLOCK, MOBILE_TL_HEAD
 */
export const topBlocks = definePlugin<TopBlocksOptions, CheckedTopBlocksOptions>({
  name: 'mobile-tl',
  version: '0.0.0',
  // Its lower blocks are frozen: parts that learn by themselves would have nothing to learn there.
  conflicts: ['full-finetune', 'bias-tuning', 'momentum-auxiliary', 'local-learning', 'synthetic-gradients'],
  transforms: ['parameters:trainable'],
  options: mobileTlOptions,
  apply(context) {
    const parts = trainedParts(context.model, context.options);
    context.filterTrainable((name, parameter) => trains(parts, name, parameter));
    context.keepInEvaluation(
      [...context.model.namedModules()].flatMap(([path, module]) =>
        module instanceof BatchNorm2d && !parts.norms(path) ? [module] : [],
      ),
    );
  },
});

/** What trains, by name of the parameter or path of the norm. */
interface TrainedParts {
  readonly parameters: (name: string) => boolean;
  /** Those that train as ever, statistics included. */
  readonly norms: (path: string) => boolean;
}

function trains({ parameters }: TrainedParts, name: string, _: Parameter): boolean | undefined {
  return name.includes('/') ? undefined : parameters(name);
}

function trainedParts(model: BlockModule, options: CheckedTopBlocksOptions): TrainedParts {
  const all = findStacks(model, options.blocks).flatMap(({ blocks }) => blocks);
  if (options.train > all.length) {
    throw new TapgradError({
      code: 'MOBILE_TL_BLOCKS',
      message: `the top ${options.train} blocks shall train, and ${options.blocks} matches ${all.length}`,
      fix: 'give `train` at most the number of blocks',
    });
  }
  const blocks = all.slice(-options.train).map((block) => ({ block, roles: blockRoles(block, options.lastNorm) }));
  const inHead = pathMatcher(`${options.head}.**`);
  if (![...model.namedParameters().keys()].some(inHead)) {
    throw new TapgradError({
      code: 'MOBILE_TL_HEAD',
      message: `no parameter of the model is inside ${options.head}`,
      fix: 'name the classifier, and what else trains above the blocks, with `head`',
    });
  }
  const lastNorms = new Set(blocks.map(({ roles }) => roles.last));
  const frozenScales = new Set(blocks.flatMap(({ roles }) => roles.inner).map((path) => `${path}.weight`));
  const inBlocks = (name: string) => blocks.some(({ block }) => name.startsWith(`${block.path}.`));
  return {
    parameters: (name) => inHead(name) || (inBlocks(name) && !frozenScales.has(name)),
    norms: (path) => inHead(`${path}.weight`) || lastNorms.has(path),
  };
}
