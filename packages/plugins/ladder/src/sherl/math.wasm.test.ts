import { useWasm } from '@tapgrad/backend-wasm';
import { attach } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { add, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { weightedSum } from '../base/weighted-sum.ts';
import { sherl } from '../index.ts';
import { disposeBatch, imageBatch, tinyBatch, tinyEncoder, tinyResNet } from '../test-models.ts';
import { gate, mergeShares, redundancy } from './math.ts';

beforeAll(() => useWasm());

const numbers = (f: () => Tensor) => Array.from(tidy(() => f().dataSync()));

describe('SHERL in float32 on wasm', () => {
  it('merges the tiny example as on paper', () => {
    const states = () => tensor([1, 0, 1, 0, 0, 1], [1, 3, 2]);
    const deep = () => tensor([1, 2], [1, 2]);
    const shares = () => mergeShares(states(), deep(), tensor([1, 1], [2, 1]), tensor([0]), 1e-6);
    expect(numbers(() => redundancy(states()))).toEqual([2, 2, 1]);
    const merged = numbers(() => add(weightedSum(states(), shares()), deep()));
    expect(merged[0]).toBeCloseTo(4 / 3, 6);
    expect(merged[1]).toBeCloseTo(8 / 3, 6);
    expect(numbers(() => gate(tensor(0), 0.1))[0]).toBeCloseTo(0, 12);
  });

  it.each(['tokens', 'maps'])('trains beside %s', async (values) => {
    const [model, batch] = values === 'maps' ? [tinyResNet(), imageBatch()] : [tinyEncoder(), tinyBatch()];
    const optimizer = adamw({ learningRate: 1e-2 });
    const plugin = sherl({ blocks: values === 'maps' ? 'layer*.*' : 'layers.*', head: { classes: 3 } });
    const stack = attach(model, [plugin], { loss: crossEntropy, optimizer });
    const first = await (await stack.step(batch)).loss;
    for (let i = 0; i < 10; i++) await (await stack.step(batch)).loss;
    expect(await (await stack.step(batch)).loss).toBeLessThan(first);
    stack.detach();
    optimizer.dispose();
    model.dispose();
    disposeBatch(batch);
  });
});
