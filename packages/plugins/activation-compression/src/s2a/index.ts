import { checkedOptions, type Plugin } from '@tapgrad/core';
import { derivativeCodes } from '../derivative-codes/index.ts';
import { groupwiseCodes } from '../groupwise-codes/index.ts';
import { biasTuning } from './bias-tuning.ts';
import { deepPrompts } from './deep-prompts.ts';
import { type S2aOptions, s2aOptions } from './options.ts';
import { sidePath } from './side-path.ts';

/**
 * S2A, Structure to Activation (arXiv:2503.08154), as a preset: what trains needs no activations of the frozen
 * weights, and what is kept all the same is kept in 4 bits. Gives a list of plugins for `attach`: `bias-tuning`,
 * `deep-prompts`, `side-path`, `derivative-codes` and `groupwise-codes`.
 * @throws TapgradError PLUGIN_OPTIONS; at attach: NO_BLOCKS, S2A_BIASES, S2A_HEAD, S2A_WIDTH, S2A_PROMPTS
 */
export function s2a(options: S2aOptions = {}): readonly Plugin[] {
  const { structures, blocks, head, norms, prompts, side, bits } = checkedOptions('s2a', s2aOptions, options);
  const has = (name: (typeof structures)[number]) => structures.includes(name);
  return [
    biasTuning({ head, norms, ...(!has('bias') && { biases: false }) }),
    ...(has('prompt') ? [deepPrompts({ blocks, ...prompts })] : []),
    ...(has('side') ? [sidePath({ blocks, ...side })] : []),
    ...(bits ? [derivativeCodes({ bits }), groupwiseCodes({ bits })] : []),
  ];
}
