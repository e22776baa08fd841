import { attach, BufferTensor, definePlugin, Module, Parameter, randomStream } from '@tapgrad/core';
import { Linear, TextEncoder } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { dispose, getBackend, memory, mul, relu, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { plan } from '../index.ts';

const sizes = { vocabularySize: 20, width: 8, heads: 2, layers: 2, maxTokens: 8, classes: 3 };
const ids = { inputs: { shape: [4, 5], dtype: 'int32' }, targets: { shape: [4], dtype: 'int32' } } as const;
const optimizer = () => adamw({ learningRate: 1 });

/** Keeps count in a buffer, and has a parameter that no forward reads. */
class Counting extends Module {
  readonly layer = new Linear(2, 3, { random: randomStream(1) });
  readonly runs = new BufferTensor(tensor([1, 2]));
  readonly idle = new Parameter({ shape: [7], make: () => tensor([1, 2, 3, 4, 5, 6, 7]) });

  override forward(x: Tensor): Tensor {
    this.runs.assign(tidy(() => mul(this.runs.read(), 2)));
    return relu(this.layer.call(x));
  }
}

const failing = definePlugin({
  name: 'failing',
  apply({ hooks }) {
    hooks.loss.tap(() => {
      throw new Error('no');
    });
  },
});

const clinging = definePlugin({
  name: 'clinging',
  apply: () => ({
    dispose() {
      throw new Error('stays');
    },
  }),
});

describe('a plan', () => {
  it('counts what a linear layer takes', async () => {
    const model = new Linear(2, 3, { random: randomStream(1) });
    const batch = { inputs: { shape: [10, 2] }, targets: { shape: [10, 3] } };
    const { peak, savedBytes, parameters, trainableParameters } = await plan(model, [], batch, { optimizer });
    expect([parameters, trainableParameters]).toEqual([9, 9]);
    expect(peak.categories).toMatchObject({ parameters: 36, optimizer: 72, batch: 80 + 120 });
    // The squared difference; the layer's input is the batch.
    expect(savedBytes).toBe(120);
    expect(peak.bytes).toBe(Object.values(peak.categories).reduce((sum, bytes) => sum + bytes, 0));
  });

  it('says which modules hold it, parameters and optimizer state with theirs', async () => {
    const { peak } = await plan(new TextEncoder({ ...sizes, random: randomStream(1) }), [], ids, { optimizer });
    // [20, 8], and two moments.
    expect(peak.modules.get('embedding')).toBeGreaterThanOrEqual(3 * 4 * 160);
    expect([...peak.modules.keys()]).toContain('layers.0.mlp.up');
    expect([...peak.modules.values()].reduce((sum, bytes) => sum + bytes, 0)).toBe(peak.bytes);
  });

  it('makes no weight of a model that has none yet, and leaves backend and memory as they were', async () => {
    const before = memory();
    const model = new TextEncoder({ ...sizes, random: randomStream(1) });
    await plan(model, [], ids, { optimizer });
    expect([...model.namedParameters().values()].some(({ materialized }) => materialized)).toBe(false);
    expect(memory()).toMatchObject({ numTensors: before.numTensors, numDataBuffers: before.numDataBuffers });
    expect(getBackend()).toBe('cpu');
  });

  it('leaves the weights, buffers and batch of a live model where and as they are', async () => {
    const model = new Counting();
    const batch = { inputs: tensor([1, 2, 3, 4], [2, 2]) };
    const weight = model.layer.weight.variable;
    const values = () => [...model.layer.weight.variable.dataSync()];
    const before = values();
    const { peak } = await plan(model, [], batch, { optimizer });
    expect(peak.categories.batch).toBe(16);
    expect(model.layer.weight.variable).toBe(weight);
    expect(values()).toEqual(before);
    expect([...model.runs.variable.dataSync()]).toEqual([1, 2]);
    expect([...batch.inputs.dataSync()]).toEqual([1, 2, 3, 4]);
    expect(model.idle.materialized).toBe(false);
    expect([...model.idle.variable.dataSync()]).toEqual([1, 2, 3, 4, 5, 6, 7]);
    model.dispose();
    dispose(batch.inputs);
  });

  it('puts everything back when it fails', async () => {
    const model = new Counting();
    const weight = model.layer.weight.variable;
    const before = memory().numTensors;
    await expect(plan(model, [failing()], { inputs: { shape: [2, 2] } }, { optimizer })).rejects.toThrow('no');
    await expect(plan(model, [], { inputs: { shape: [2, 5] } }, { optimizer })).rejects.toThrow('5');
    expect(memory().numTensors).toBe(before);
    expect(getBackend()).toBe('cpu');
    expect(model.layer.weight.variable).toBe(weight);
    await expect(plan(model, [clinging()], { inputs: { shape: [2, 2] } })).rejects.toThrow('stays');
    const broken = () => {
      throw new Error('no optimizer');
    };
    await expect(plan(model, [], { inputs: { shape: [2, 2] } }, { optimizer: broken })).rejects.toThrow('no optimizer');
    expect(memory().numTensors).toBe(before);
    expect(model.layer.weight.variable).toBe(weight);
    const stack = attach(model, [], { loss: () => weight });
    await expect(plan(model, [], { inputs: { shape: [2, 2] } })).rejects.toMatchObject({ code: 'ALREADY_ATTACHED' });
    stack.detach();
    model.dispose();
  });

  it('may run beside others: one comes after the other', async () => {
    const make = () => new TextEncoder({ ...sizes, random: randomStream(1) });
    const [first, second] = await Promise.all([plan(make(), [], ids), plan(make(), [], ids)]);
    expect(first).toEqual(second);
    expect(getBackend()).toBe('cpu');
  });

  it('is of a larger batch in proportion', async () => {
    const model = new TextEncoder({ ...sizes, random: randomStream(1) });
    const of = (batch: number) =>
      plan(model, [], { inputs: { shape: [batch, 5], dtype: 'int32' }, targets: { shape: [batch], dtype: 'int32' } });
    const [one, three] = [await of(1), await of(3)];
    expect(three.savedBytes).toBe(3 * one.savedBytes);
    expect(one.peak.categories.optimizer).toBe(0);
  });

  it('asks for a loss where the model returns more than a tensor', async () => {
    class Pair extends Module<[Tensor], Tensor[]> {
      override forward(x: Tensor): Tensor[] {
        return [mul(x, 2), mul(x, 3)];
      }
    }
    await expect(plan(new Pair(), [], { inputs: { shape: [2] } })).rejects.toMatchObject({ code: 'PLAN_LOSS' });
  });
});
