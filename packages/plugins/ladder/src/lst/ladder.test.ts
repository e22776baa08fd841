import { attach, type Batch, randomStream, type Stack } from '@tapgrad/core';
import { crossEntropy, type TextEncoder, VisionTransformer } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { disposeBatch, tinyBatch, tinyEncoder } from '../test-models.ts';
import type { LadderOptions } from './options.ts';

let model: TextEncoder;
let batch: Batch & { inputs: Tensor; targets: Tensor };

beforeEach(() => {
  model = tinyEncoder();
  batch = tinyBatch();
});

afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

function attached(options: LadderOptions = {}): Stack<Tensor> {
  const optimizer = adamw({ learningRate: 1e-2 });
  return attach(model, [ladder({ reduction: 4, ...options })], { loss: crossEntropy, optimizer });
}

async function train(stack: Stack<Tensor>, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(await (await stack.step(batch)).loss);
  return losses;
}

function bits(values: ReadonlyMap<string, Tensor>): string {
  return JSON.stringify([...values].map(([name, each]) => [name, Array.from(each.dataSync())]));
}

describe('ladder side-tuning', () => {
  it.each<[string, LadderOptions]>([
    ['a new classifier', { head: { classes: 3 } }],
    ['a new classifier on the first token', { head: { classes: 3 }, pooling: 'first' }],
    ['the frozen head', { head: 'upsample' }],
    ['random side blocks', { head: { classes: 3 }, init: 'random' }],
    ['a dropped block', { head: { classes: 3 }, drop: [1] }],
    ['mixing after the block', { head: { classes: 3 }, fuse: 'after' }],
  ])('trains with %s: the loss falls, the backbone stays, nothing is left', async (_, options) => {
    const parameters = bits(model.state());
    const before = memory().numTensors;
    const logits = model.eval().call(batch.inputs);
    const stack = attached(options);
    model.train();
    const losses = await train(stack, 40);
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) * 0.75);
    stack.options.optimizer?.dispose();
    stack.detach();
    expect(bits(model.state())).toBe(parameters);
    const after = model.eval().call(batch.inputs);
    expect(Array.from(after.dataSync())).toEqual(Array.from(logits.dataSync()));
    logits.dispose();
    after.dispose();
    expect(memory().numTensors - before).toBe(0);
  });

  it('trains beside a vision transformer', async () => {
    const vision = new VisionTransformer({
      imageSize: 8,
      patchSize: 4,
      width: 16,
      heads: 2,
      layers: 2,
      random: randomStream(3, 'vision'),
    });
    const images = tensor(randomStream(4, 'images').normal(4 * 8 * 8 * 3), [4, 8, 8, 3]);
    const optimizer = adamw({ learningRate: 1e-2 });
    const stack = attach(vision, [ladder({ reduction: 4, head: { classes: 3 } })], { loss: crossEntropy, optimizer });
    const given = { inputs: images, targets: batch.targets };
    const first = await (await stack.step(given)).loss;
    for (let i = 0; i < 20; i++) await (await stack.step(given)).loss;
    expect(await (await stack.step(given)).loss).toBeLessThan(first * 0.7);
    stack.detach();
    optimizer.dispose();
    vision.dispose();
    images.dispose();
  });
});
