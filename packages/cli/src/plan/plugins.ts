import * as compression from '@tapgrad/activation-compression';
import type { Plugin } from '@tapgrad/core';
import * as ladders from '@tapgrad/ladder';
import * as auxiliary from '@tapgrad/momentum-auxiliary';
import { offload } from '@tapgrad/offload';
import * as tokens from '@tapgrad/query-tokens';
import type { BuiltInModel, Sizes } from '../models/built-in-model.ts';
import { choose, UserError } from '../user-error.ts';

type Plugins = Plugin | readonly Plugin[];

/** A plugin or preset, and which of its options the model decides. */
interface Entry {
  // The plugin checks what it is given: on the command line options are JSON.
  make(options: never): Plugins;
  readonly takes: readonly ('blocks' | 'head' | 'at')[];
}

/** Names as in `explain()`. */
export const plugins: Readonly<Record<string, Entry>> = {
  ladder: { make: ladders.ladder, takes: ['blocks', 'head'] },
  sherl: { make: ladders.sherl, takes: ['blocks', 'head'] },
  unipt: { make: ladders.unipt, takes: ['blocks', 'head'] },
  'query-tokens': { make: tokens.queryTokens, takes: ['blocks', 'head', 'at'] },
  'prompt-tokens': { make: tokens.promptTokens, takes: ['blocks', 'at'] },
  'prefix-tokens': { make: tokens.prefixTokens, takes: ['at'] },
  'momentum-auxiliary': { make: auxiliary.momentumAuxiliary, takes: ['blocks'] },
  'local-learning': { make: auxiliary.localLearning, takes: ['blocks'] },
  'synthetic-gradients': { make: auxiliary.syntheticGradients, takes: ['blocks'] },
  'groupwise-codes': { make: compression.groupwiseCodes, takes: [] },
  'mobile-tl': { make: compression.mobileTl, takes: ['blocks'] },
  s2a: { make: compression.s2a, takes: ['blocks'] },
  'derivative-codes': { make: compression.derivativeCodes, takes: [] },
  'sparse-activations': { make: compression.sparseActivations, takes: [] },
  'bit-masks': { make: compression.bitMasks, takes: [] },
  'half-activations': { make: compression.halfActivations, takes: [] },
  'sign-masks': { make: compression.signMasks, takes: [] },
  'bias-tuning': { make: compression.biasTuning, takes: [] },
  'deep-prompts': { make: compression.deepPrompts, takes: ['blocks'] },
  offload: { make: offload, takes: [] },
  'side-path': { make: compression.sidePath, takes: ['blocks'] },
};

/**
 * Plugins by name, with what the model decides (`blocks`, the new `head`) and the options given.
 * @param options JSON: options by plugin name
 * @throws UserError for unknown names and what is no JSON
 */
export function pluginsOf(
  names: readonly string[],
  model: BuiltInModel,
  sizes: Sizes,
  options: string | undefined,
): Plugins[] {
  const given = parsed(options);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new UserError(`--options are given for "${name}", which is not among --plugins`);
  }
  const classes = model.classes(sizes);
  const decided = { blocks: model.blocks, at: model.head, head: classes === undefined ? undefined : { classes } };
  return names.map((name) => {
    const { make, takes } = choose('plugin', name, plugins);
    const own = Object.fromEntries(takes.flatMap((key) => (decided[key] === undefined ? [] : [[key, decided[key]]])));
    return make({ ...own, ...given[name] } as never);
  });
}

function parsed(options: string | undefined): Readonly<Record<string, object>> {
  if (options === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(options);
  } catch {
    value = undefined;
  }
  const isRecord = (each: unknown) => typeof each === 'object' && each !== null && !Array.isArray(each);
  if (isRecord(value) && Object.values(value as object).every(isRecord)) return value as Record<string, object>;
  throw new UserError(`--options must be JSON with options by plugin, for example '{"ladder":{"reduction":4}}'`);
}
