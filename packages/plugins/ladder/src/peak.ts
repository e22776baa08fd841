import { attach, type Plugin, randomStream } from '@tapgrad/core';
import { crossEntropy, TextEncoder } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { disposeBatch, tinyBatch } from './test-models.ts';

/**
 * Most bytes held in a step that follows a first one, which makes what is lazy: encoder of width 64, 4 heads, 4 blocks,
 * batch 8 x 16, AdamW. For this package's tests.
 */
export async function peakOf(plugins: readonly Plugin[]): Promise<{ peak: number; saved: number }> {
  const sizes = { vocabularySize: 20, width: 64, heads: 4, layers: 4, maxTokens: 16, classes: 3 };
  const model = new TextEncoder({ ...sizes, random: randomStream(1) });
  const batch = tinyBatch(8, 16);
  const optimizer = adamw({ learningRate: 1e-3 });
  const stack = attach(model, plugins, { loss: crossEntropy, optimizer });
  await (await stack.step(batch)).loss;
  stack.ledger.resetPeak();
  await (await stack.step(batch)).loss;
  const { bytes, categories } = stack.ledger.peak();
  stack.detach();
  optimizer.dispose();
  model.dispose();
  disposeBatch(batch);
  return { peak: bytes, saved: categories.saved };
}
