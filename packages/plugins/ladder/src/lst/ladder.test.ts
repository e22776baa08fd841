import { attach, type Batch, randomStream, type Stack } from '@tapgrad/core';
import { crossEntropy, klDivergence, type TextEncoder, VisionTransformer } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { memory, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { disposeBatch, scatter, tinyBatch, tinyEncoder } from '../test-models.ts';
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
  const optimizer = adamw({ learningRate: 2e-2 });
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
    ['a share of distillation', { distillation: 0.1, distillationTemperature: 1 }],
    ['a dropped block', { head: { classes: 3 }, drop: [1] }],
    ['mixing after the block', { head: { classes: 3 }, fuse: 'after' }],
  ])('trains with %s: the loss falls, the backbone stays, nothing is left', async (_, options) => {
    const parameters = bits(model.state());
    const before = memory().numTensors;
    const logits = model.eval().call(batch.inputs);
    const stack = attached(options);
    model.train();
    const losses = await train(stack, 25);
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

  it('starts the same for one seed, and otherwise for another', async () => {
    const first = async (seed: number) => {
      const optimizer = adamw({ learningRate: 1e-2 });
      const plugins = [ladder({ reduction: 4, head: { classes: 3 } })];
      const stack = attach(model, plugins, { loss: crossEntropy, optimizer, seed });
      const losses = await train(stack, 2);
      stack.detach();
      optimizer.dispose();
      return losses;
    };
    const losses = await first(1);
    expect(await first(1)).toEqual(losses);
    expect(await first(2)).not.toEqual(losses);
  });

  it('takes the samples that it is given when training begins', async () => {
    let asked = 0;
    const samples = () => {
      asked++;
      return [batch];
    };
    const stack = attached({ head: { classes: 3 }, samples, measure: 'model', samplesForFisher: 2 });
    await stack.begin('train');
    expect(asked).toBe(1);
    expect(stack.state('plugins').json.plugins.ladder?.state).toEqual({ started: true });
    await train(stack, 1);
    expect(asked).toBe(1);
    stack.detach();
    stack.options.optimizer?.dispose();
  });

  it('is no term of the loss at distillation 0, and KL to the backbone’s own logits else', async () => {
    const stack = attached({ distillation: 0.5, distillationTemperature: 2, init: 'random' });
    model.eval();
    const { terms } = await stack.step(batch);
    const seen = await terms;
    expect(Object.keys(seen)).toEqual(['task', 'distillation']);
    stack.detach();
    stack.options.optimizer?.dispose();
    const again = attached({ init: 'random' });
    const expected = tidy(() => {
      const student = again.predict(batch.inputs);
      again.setEnabled('ladder', false);
      return klDivergence(student, again.predict(batch.inputs), { temperature: 2 }).dataSync()[0] as number;
    });
    expect(seen.distillation).toBeCloseTo(0.5 * expected, 12);
    again.detach();
    again.options.optimizer?.dispose();
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
    scatter(vision as never);
    const images = tensor(randomStream(4, 'images').normal(4 * 8 * 8 * 3), [4, 8, 8, 3]);
    const optimizer = adamw({ learningRate: 2e-2 });
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
