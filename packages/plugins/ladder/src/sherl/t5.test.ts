import { attach, type Batch, disposeBatch, randomStream, type Stack, softmaxCrossEntropy } from '@tapgrad/core';
import { T5 } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { memory, reshape, scalar, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sherl } from '../index.ts';
import { recordedStep } from '../recorded-step.ts';
import { scatter } from '../test-models.ts';

const blocks = '{encoder,decoder}.layers.*';
const published = { blocks, reduction: 4, down: 'gated', out: 'relu-linear', dropout: 0 } as const;
let model: T5;
let batch: Batch & { inputs: Tensor[] };

beforeEach(() => {
  const sizes = { vocabularySize: 11, width: 16, hidden: 32, headWidth: 8, heads: 2, layers: 3 };
  model = new T5({ ...sizes, random: randomStream(2) });
  scatter(model as never);
  const ids = (tokens: number) =>
    tensor(
      Int32Array.from({ length: 2 * tokens }, (_, i) => i % 11),
      [2, tokens],
      'int32',
    );
  batch = { inputs: [ids(4), ids(3)], targets: ids(3) };
});

afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

function loss(logits: Tensor, { targets }: Batch): Tensor {
  const [samples, tokens, vocabulary] = logits.shape as [number, number, number];
  return softmaxCrossEntropy(reshape(logits, [samples * tokens, vocabulary]), reshape(targets as Tensor, [-1]));
}

describe('SHERL beside an encoder-decoder', () => {
  it('leaves the last decoder block and the head on the tape, nothing of the encoder', () => {
    const { nodes } = recordedStep(model as never, sherl(published), batch, loss);
    expect(
      nodes.filter(([path]) => !/^(sherl\/|decoder\.layers\.2|decoder\.(norm|dropout)$|decoder$|head$|$)/.test(path)),
    ).toEqual([]);
    expect(nodes.some(([path]) => path.startsWith('sherl/memory-0'))).toBe(true);
    expect(nodes.some(([path]) => path.startsWith('decoder.layers.2.cross'))).toBe(true);
  });

  it('lets the last block alone attend to the merged encoder: with open gates and nothing merged it is the model', () => {
    const stack: Stack<Tensor> = attach(model.eval(), [sherl(published)], { loss });
    for (const [name, parameter] of stack.trainableParameters()) {
      tidy(() => {
        if (name.endsWith('alpha')) parameter.assign(scalar(1e4));
        if (/(late|memory-0\.late)\.out/.test(name)) parameter.assign(zeros([...parameter.shape]));
        // The encoder's own norm, which the memory's stands for.
        if (name === 'sherl/memory-0.norm.weight') parameter.assign(model.encoder.norm.weight?.variable as Tensor);
      });
    }
    tidy(() => {
      const merged = stack.predict(...batch.inputs).dataSync();
      stack.setEnabled('sherl', false);
      expect(merged).toEqual(stack.predict(...batch.inputs).dataSync());
    });
    stack.detach();
  });

  it('trains both merges; the backbone stays and nothing is left', async () => {
    model.state();
    const before = [...model.state()].map(([name, each]) => [name, ...each.dataSync()]);
    const count = memory().numTensors;
    const optimizer = adamw({ learningRate: 1e-2 });
    // By most seeds one of the merges starts with ReLUs that let no shallow state in, or one alone.
    const options = { loss, optimizer, seed: 8 };
    const stack: Stack<Tensor> = attach(model, [sherl({ ...published, dropout: 0.1 })], options);
    const first = await (await stack.step(batch)).loss;
    for (let i = 0; i < 15; i++) await (await stack.step(batch)).loss;
    expect(await (await stack.step(batch)).loss).toBeLessThan(first);
    const { gradients, dispose: free } = stack.gradientsOf(batch);
    expect(gradients.size).toBe(stack.trainableParameters().size);
    // Nothing but rounding is left of a gradient behind a merge that is shut.
    for (const [name, gradient] of gradients) expect(Math.hypot(...gradient.dataSync()), name).toBeGreaterThan(1e-5);
    free();
    stack.detach();
    optimizer.dispose();
    expect([...model.state()].map(([name, each]) => [name, ...each.dataSync()])).toEqual(before);
    expect(memory().numTensors).toBe(count);
  });
});
