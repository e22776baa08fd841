import { attach, checkpoint, manualSeed, type Plugin } from '@tapgrad/core';
import { crossEntropy, type TextEncoder } from '@tapgrad/nn';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { prefixTokens } from './prefix/index.ts';
import { promptTokens } from './prompt/index.ts';
import { codeOf, disposeBatch, scatterTrained, texts, tinyText } from './test-models.ts';
import { queryTokens } from './vqt/index.ts';

/** The encoder with each block in a checkpointed segment. */
function checkpointed(): TextEncoder {
  const model = tinyText({ dropout: 0.1 });
  for (const block of model.layers) {
    const { call } = block;
    block.call = (x, mask) => checkpoint((...given: [Tensor, Tensor]) => call.apply(block, given), x, mask as Tensor);
  }
  return model;
}

function gradients(model: TextEncoder, plugin: Plugin) {
  const batch = texts();
  manualSeed(4);
  const stack = attach(model, [plugin], { loss: crossEntropy });
  try {
    scatterTrained(stack);
    const made = stack.gradientsOf(batch);
    const values = new Map([...made.gradients].map(([name, each]) => [name, Array.from(each.dataSync())]));
    made.dispose();
    return values;
  } finally {
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  }
}

describe('in a model that recomputes its blocks in backward', () => {
  it.each<[string, () => Plugin]>([
    ['deep prompts', () => promptTokens({ count: 2 })],
    ['shallow prompts', () => promptTokens({ count: 2, mode: 'shallow' })],
    ['prefix tables', () => prefixTokens({ count: 2, parametrization: 'direct' })],
  ])('%s have the gradients that they have without', (_, plugin) => {
    const [kept, again] = [gradients(tinyText({ dropout: 0.1 }), plugin()), gradients(checkpointed(), plugin())];
    expect([...again.keys()].sort()).toEqual([...kept.keys()].sort());
    for (const [name, values] of kept) {
      again.get(name)?.forEach((value, i) => void expect(value, name).toBeCloseTo(values[i] as number, 12));
    }
  });

  it.each<[string, string, () => Plugin]>([
    ['queries are refused: they', 'QUERY_NOT_RECORDED', () => queryTokens({ head: { classes: 3 } })],
    ['a prefix out of a network is refused: it', 'CHECKPOINT_CAPTURE', () => prefixTokens()],
  ])('%s would not train (%s)', (_, code, plugin) => {
    expect(codeOf(() => gradients(checkpointed(), plugin()))).toBe(code);
  });
});
