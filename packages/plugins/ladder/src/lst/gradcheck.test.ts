import { attach } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { checkParameterGradients } from '../parameter-gradients.ts';
import { disposeBatch, tinyBatch, tinyEncoder } from '../test-models.ts';
import type { LadderOptions } from './options.ts';

it.each<[string, LadderOptions]>([
  ['a new classifier', { head: { classes: 3 } }],
  ['mixing after the block', { head: { classes: 3 }, fuse: 'after', drop: [0] }],
  ['the frozen head', { head: 'upsample' }],
])('every parameter of a ladder has the gradient that central differences show, with %s', (_, options) => {
  const model = tinyEncoder({ width: 8, heads: 2, layers: 2, hidden: 8, vocabularySize: 20 }).eval();
  const batch = tinyBatch(2, 3);
  const plugin = ladder({ reduction: 4, init: 'random', temperature: 0.5, ...options });
  const stack = attach(model, [plugin], { loss: crossEntropy });
  const idle = options.drop?.map((layer) => `gates.${layer}$`) ?? ['^$'];
  expect(() => checkParameterGradients(stack, batch, { skip: new RegExp(idle.join('|')), least: 16 })).not.toThrow();
  stack.detach();
  model.dispose();
  disposeBatch(batch);
});
