import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useWasm } from '@tapgrad/backend-wasm';
import { attach } from '@tapgrad/core';
import { accuracy, crossEntropy } from '@tapgrad/nn';
import { readSafetensorsFile } from '@tapgrad/nn/node';
import { beforeAll, expect, it } from 'vitest';
import { fashionMissing, fashionScale, loadFashionMnist } from '../data/fashion-mnist.ts';
import { imageBatches } from '../data/image-batches.ts';
import { withClasses } from '../data/image-set.ts';
import { splitImages } from '../data/split.ts';
import { disposedAfterUse } from '../experiment/disposed-after-use.ts';
import { loadFashionVit, pretrainingClasses } from './fashion-vit.ts';

const file = fileURLToPath(new URL('../../../models/fashion-vit.safetensors', import.meta.url));
const missing = fashionMissing();
if (missing) console.log(`skipped: the accuracy of the shipped vision transformer: ${missing}`);

beforeAll(() => useWasm());

it('the shipped weights are those of the model, and of few bytes', async () => {
  expect(existsSync(file)).toBe(true);
  const model = await loadFashionVit(file, { classes: 3, seed: 2 });
  expect(model.head!.weight.shape).toEqual([64, 3]);
  model.dispose();
});

it.runIf(missing === undefined)('the shipped model reaches the accuracy that its file tells', async () => {
  const told = Number((await readSafetensorsFile(file)).metadata.get('accuracy'));
  const model = await loadFashionVit(file);
  const stack = attach(model, [], { loss: crossEntropy });
  const [some] = splitImages(withClasses(loadFashionMnist().test, pretrainingClasses), [400], 1);
  const batches = imageBatches(some!, { batchSize: 100, scale: fashionScale });
  const { metrics } = await stack.evaluate(disposedAfterUse(batches), { accuracy });
  expect(told).toBeGreaterThan(0.85);
  expect(Math.abs(metrics.accuracy! - told)).toBeLessThan(0.05);
  stack.detach();
  model.dispose();
});
