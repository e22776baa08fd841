import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Batch, definePlugin } from '@tapgrad/core';
import { crossEntropy, loadSentenceEncoder, type SentenceEncoder } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { memory, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ladder } from '../index.ts';
import type { LadderOptions } from './options.ts';

const texts = [
  'a small dog that barks',
  'a large cat with stripes',
  'a chair with three legs',
  'a wooden table to eat at',
  'the feeling of great joy',
  'a sudden fear',
];
let model: SentenceEncoder;
let batch: Batch & { inputs: Tensor; targets: Tensor };

beforeAll(async () => {
  await useWasm();
  // It gives embeddings: logits of the classes are the ladder's alone.
  model = await loadSentenceEncoder();
  batch = { inputs: model.tokenize(texts), targets: tensor([0, 0, 1, 1, 2, 2], [6], 'int32') };
  model.state();
}, 60_000);

afterAll(() => {
  model.dispose();
  batch.inputs.dispose();
  batch.targets.dispose();
});

/** Every bit of the model's state, in a form that compares fast. */
function bytesOf(encoder: SentenceEncoder): Buffer {
  return Buffer.concat([...encoder.state().values()].map((each) => new Uint8Array(each.dataSync().slice().buffer)));
}

describe('a ladder beside Universal Sentence Encoder lite', () => {
  it.each<[string, LadderOptions]>([
    ['by Fisher information', {}],
    ['by magnitude', { importance: 'magnitude' }],
    ['with random side blocks', { init: 'random' }],
  ])('learns three classes on wasm, %s; the backbone is neither taped nor changed', async (_, options) => {
    const before = memory();
    const backbone = bytesOf(model);
    const paths = new Set<string>();
    const spy = definePlugin({
      name: 'spy',
      apply({ hooks }) {
        hooks.loss.tap((_terms, { tape }) => {
          // While importances are measured, the backbone is differentiated on purpose.
          if (measured) for (const node of tape?.nodes ?? []) if (node) paths.add(node.modulePath);
        });
      },
    });
    let measured = false;
    const optimizer = adamw({ learningRate: 1e-2 });
    const plugins = [ladder({ reduction: 8, head: { classes: 3 }, ...options }), spy()];
    const stack = attach(model.train(), plugins, { loss: crossEntropy, optimizer });
    expect([...stack.trainableParameters().values()].reduce((sum, { size }) => sum + size, 0)).toBe(165_893);
    const first = await (await stack.step(batch)).loss;
    measured = true;
    for (let i = 0; i < 15; i++) await (await stack.step(batch)).loss;
    expect(await (await stack.step(batch)).loss).toBeLessThan(first / 2);
    expect([...paths].filter((path) => path !== '' && !path.startsWith('ladder/'))).toEqual([]);
    expect(paths.size).toBeGreaterThan(10);
    stack.detach();
    optimizer.dispose();
    expect(bytesOf(model).equals(backbone)).toBe(true);
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
  });
});
