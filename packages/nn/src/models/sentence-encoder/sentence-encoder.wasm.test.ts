import { useWasm } from '@tapgrad/backend-wasm';
import { attach, valueAndGrad } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crossEntropy } from '../../losses/cross-entropy.ts';
import { memorySource } from '../../weights/source.ts';
import { loadSentenceEncoder } from './load.ts';
import type { SentenceEncoder } from './sentence-encoder.ts';

let model: SentenceEncoder;
beforeAll(async () => {
  await useWasm();
  model = await loadSentenceEncoder({ classes: 3 });
  // What is lazy, as the table of positions, is made in the first forward.
  model.embed(['']).dispose();
}, 30_000);
afterAll(() => model.dispose());

describe('a loaded sentence encoder', () => {
  it('trains whole: every parameter has a gradient, and nothing leaks', () => {
    const ids = model.tokenize(['a cat', 'the stock market fell', 'x']);
    const labels = tensor([0, 1, 2], [3], 'int32');
    const parameters = Object.fromEntries(
      [...model.namedParameters()].map(([name, each]) => [name, each.variable as Tensor]),
    );
    expectNoLeak(() => {
      const { value, gradients } = valueAndGrad(() => crossEntropy(model.call(ids), labels), parameters);
      for (const [name, gradient] of Object.entries(gradients)) {
        const data = gradient.dataSync();
        // A key's bias shifts all scores of a query alike, which softmax does not see: that third of the gradient is noise.
        expect([name, data.every(Number.isFinite), data.some((each) => each !== 0)]).toEqual([name, true, true]);
      }
      for (const made of [value, ...Object.values(gradients)]) made.dispose();
    });
    ids.dispose();
    labels.dispose();
  });

  it('padding rows of the batch send no gradient into the embedding table', () => {
    const ids = tensor([70, 71, 72, 80, -1, -1], [2, 3], 'int32');
    const labels = tensor([0, 1], [2], 'int32');
    const embedding = model.embedding.weight.variable as Tensor;
    const { value, gradients } = valueAndGrad(() => crossEntropy(model.call(ids), labels), { embedding });
    const touched = tidy(() => {
      const data = gradients.embedding.dataSync();
      return [0, 70, 71, 72, 80].map((row) => data.subarray(row * 256, row * 256 + 256).some((each) => each !== 0));
    });
    expect(touched).toEqual([false, true, true, true, true]);
    for (const made of [value, gradients.embedding, ids, labels]) made.dispose();
  });

  it('its blocks can be tapped as layers.*', () => {
    expect([...model.namedModules().keys()].filter((path) => /^layers\.\d$/.test(path))).toEqual([
      'layers.0',
      'layers.1',
    ]);
    const stack = attach(model, [], { loss: crossEntropy });
    expect(stack.trainableParameters().size).toBe(model.namedParameters().size);
    stack.detach();
  });

  it('what is missing from a source is said, and nothing is left behind', async () => {
    const files = {
      'vocab.json': new TextEncoder().encode('[["a", 0]]'),
      'model.json': new TextEncoder().encode('{"weightsManifest":[]}'),
    };
    await expectNoLeak(async () => {
      await expect(loadSentenceEncoder({ from: memorySource(files) })).rejects.toMatchObject({
        code: 'WEIGHT_MISSING',
      });
    });
  });
});
