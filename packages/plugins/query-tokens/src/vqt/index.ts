import { definePlugin, detach } from '@tapgrad/core';
import { findStacks } from '@tapgrad/nn';
import { mul, tensor1d } from '@tensorflow/tfjs-core';
import { insideBackbone } from '../base/conflicts.ts';
import { lastWidth, pooledWidth, replaceHead } from '../base/head.ts';
import { patchSizeOf } from '../base/options.ts';
import { followMode, trainOnly } from '../base/trainable.ts';
import { followQueries } from './follow-queries.ts';
import { groupLasso } from './math.ts';
import { type CheckedQueryTokensOptions, type QueryTokensOptions, queryTokensOptions } from './options.ts';
import { QueryHead } from './query-head.ts';
import { QueryReader, QueryReaders } from './query-reader.ts';
import { queriedBlock } from './queryable-block.ts';

/**
 * Visual query tuning, VQT (Tu, Mai & Chao 2023, arXiv:2212.03220): learned queries read the keys and values of every
 * block of a frozen model; a linear classifier gets what they read and the model's own pooled features.
 *
 * The tokens never see the queries, so that the model's own stream runs untaped and is bit for bit that of the frozen
 * model; the queries' rows alone are recorded. The model returns logits `[batch, classes]`.
 * @throws TapgradError at attach: NO_BLOCKS, QUERY_BLOCK_UNKNOWN, TOKENS_WIDTH, QUERY_FEATURES; in forward:
 * QUERY_BLOCK_SKIPPED, QUERY_NOT_RECORDED, TOKENS_HEAD
 */
export const queryTokens = definePlugin<QueryTokensOptions, CheckedQueryTokensOptions>({
  name: 'query-tokens',
  version: '0.0.0',
  // Nothing that trains inside the backbone would get a gradient: its stream is not recorded.
  conflicts: ['full-finetune', ...insideBackbone],
  writes: ['output:model', 'forward:blocks', 'tokens:blocks'],
  transforms: ['parameters:trainable'],
  options: queryTokensOptions,
  apply(context) {
    const { options, model, hooks, random } = context;
    const { at, count, pooling, features, patchSize = patchSizeOf(model) } = options;
    const stacks = findStacks(model, options.blocks);
    const blocks = stacks.flatMap((stack) => stack.blocks.map(queriedBlock));
    trainOnly(context, undefined, '');
    context.keepInEvaluation([...model.namedModules().values()].filter((module) => module !== model));

    const reading = { ...options, patchSize, random: random('queries') };
    const readers = context.addModule(
      'queries',
      new QueryReaders(blocks.map((each) => new QueryReader(each, reading))),
    );
    const indices = features && context.keep(tensor1d([...features], 'int32'));
    const width = pooledWidth(context, at, () => lastWidth(stacks));
    const sizes = {
      pooledWidth: width,
      widths: blocks.map((each) => each.width),
      classes: options.head.classes,
      count,
      pooling,
      features,
      indices: () => indices,
      random: random('head'),
    };
    const head = context.addModule('head', new QueryHead(sizes));
    followMode(context, [readers, head]);
    const read = followQueries(context, blocks, readers);
    replaceHead(context, { at, width }, (pooled) => head.call(detach(pooled), read()));

    if (options.groupLasso > 0) {
      hooks.loss.tap((terms, { mode }) => {
        // Another head may stand in its place.
        const trains = context.trainableParameters().has(`${context.name}/head.classifier.weight`);
        if (mode === 'evaluate' || !trains) return terms;
        return { ...terms, groupLasso: mul(options.groupLasso, groupLasso(head.classifier.weight.read())) };
      });
    }
  },
});
