import { definePlugin, type Module, type PluginContext, pathMatcher, TapgradError } from '@tapgrad/core';
import { MultiHeadAttention } from '@tapgrad/nn';
import { backboneUnrecorded } from '../base/conflicts.ts';
import { addClassifier } from '../base/head.ts';
import { followMode, trainOnly } from '../base/trainable.ts';
import { type CheckedPrefixTokensOptions, type PrefixTokensOptions, prefixTokensOptions } from './options.ts';
import { PrefixNetwork, PrefixTables } from './prefix-source.ts';
import { type PrefixKind, putPrefixes } from './put-prefixes.ts';

/**
 * Prefix tuning (Li & Liang 2021, arXiv:2101.00190; as in He et al. 2022, arXiv:2110.04366): learned keys and values in
 * front of those of frozen attention, self or cross, with every query seeing them. They train, and of the model what
 * `train` says.
 * @throws TapgradError at attach: PREFIX_ATTENTION, TOKENS_TRAIN, TOKENS_HEAD_TAKEN; in forward: PREFIX_MASK, TOKENS_HEAD
 */
export const prefixTokens = definePlugin<PrefixTokensOptions, CheckedPrefixTokensOptions>({
  name: 'prefix-tokens',
  version: '0.0.0',
  conflicts: ['full-finetune', ...backboneUnrecorded],
  transforms: ['attention:memory', 'parameters:trainable'],
  options: prefixTokensOptions,
  apply(context) {
    const { options, model } = context;
    const { count, head, at } = options;
    trainOnly(context, options.train, head === 'model' ? `${at}.**` : '');
    const patterns = [options.attention].flat();
    const found = patterns.map((pattern) => attentionsOf(model, pattern));
    if (head !== 'model') {
      const last = found.at(-1)?.at(-1) as MultiHeadAttention;
      addClassifier(context, { at, classes: head.classes, otherwise: () => last.output.outFeatures });
    }
    if (count === 0) return;
    const kinds = found.map((attentions, number) => addKind(context, attentions, number, patterns.length));
    followMode(
      context,
      kinds.map(({ source }) => source),
    );
    putPrefixes(context, kinds, count);
  },
});

function addKind(
  context: PluginContext<CheckedPrefixTokensOptions>,
  attentions: readonly MultiHeadAttention[],
  number: number,
  kinds: number,
): PrefixKind {
  const { options } = context;
  const name = kinds === 1 ? 'prefix' : `prefix-${number}`;
  const sizes = { ...options, widths: attentions.map(keyWidth), random: context.random(name) };
  const source = options.parametrization === 'mlp' ? new PrefixNetwork(sizes) : new PrefixTables(sizes);
  return { source: context.addModule(name, source), attentions };
}

/** Keys are as wide as what the heads give together. */
const keyWidth = ({ output }: MultiHeadAttention) => output.inFeatures;

function attentionsOf(model: Module<never, unknown>, pattern: string): MultiHeadAttention[] {
  const matches = pathMatcher(pattern);
  const found = [...model.namedModules()].filter(([path]) => path !== '' && matches(path));
  const other = found.find(([, module]) => !((module as unknown) instanceof MultiHeadAttention));
  if (found.length > 0 && !other) return found.map(([, module]) => module as unknown as MultiHeadAttention);
  throw new TapgradError({
    code: 'PREFIX_ATTENTION',
    message: other
      ? `${other[0]} matches ${pattern} and is a ${other[1].constructor.name}, no MultiHeadAttention`
      : `no module of the model matches ${pattern}`,
    fix: "name the model's attention with a pattern over module paths, for example 'layers.*.attention'",
  });
}
