import { attach, type Batch, definePlugin, type Plugin, type Stack } from '@tapgrad/core';
import { crossEntropy, type TextEncoder } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { memory, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { disposeBatch, tinyBatch, tinyEncoder } from '../test-models.ts';

const options = { reduction: 4, head: { classes: 3 } } as const;
let model: TextEncoder;
let batch: Batch & { inputs: Tensor; targets: Tensor };
let stacks: Stack<Tensor>[];

beforeEach(() => {
  model = tinyEncoder();
  batch = tinyBatch();
  stacks = [];
});

afterEach(() => {
  for (const stack of stacks) {
    stack.detach();
    stack.options.optimizer?.dispose();
  }
  model.dispose();
  disposeBatch(batch);
});

function attached(...plugins: Plugin[]): Stack<Tensor> {
  const stack = attach(model, plugins, { loss: crossEntropy, optimizer: adamw({ learningRate: 1e-2 }) });
  stacks.push(stack);
  return stack;
}

function release(stack: Stack<Tensor>): void {
  stack.detach();
  stack.options.optimizer?.dispose();
}

const values = (tensors: ReadonlyMap<string, Tensor>) =>
  [...tensors].map(([name, each]) => [name, ...each.dataSync()] as const);

describe('a ladder, taken away or switched off', () => {
  it('leaves the model bit for bit as it was, and no buffer', async () => {
    const before = values(model.state());
    const trainable = [...model.namedParameters()].map(([, each]) => each.trainable);
    const count = memory();
    const stack = attached(ladder(options));
    for (let i = 0; i < 3; i++) await (await stack.step(batch)).loss;
    release(stack);
    expect(values(model.state())).toEqual(before);
    expect([...model.namedParameters()].map(([, each]) => each.trainable)).toEqual(trainable);
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([count.numTensors, count.numDataBuffers]);
  });

  it('trains the model as if it were absent when disabled', async () => {
    const losses = async (...plugins: Plugin[]) => {
      const trained = tinyEncoder({ dropout: 0.1 });
      const optimizer = adamw({ learningRate: 1e-2 });
      const stack = attach(trained, plugins, { loss: crossEntropy, optimizer });
      if (plugins.length > 0) stack.setEnabled('ladder', false);
      const all: unknown[] = [];
      for (let i = 0; i < 3; i++) all.push(await (await stack.step(batch)).loss);
      all.push(values(trained.state()));
      release(stack);
      trained.dispose();
      return all;
    };
    expect(await losses(ladder(options))).toEqual(await losses());
  });
});

describe('a ladder’s state', () => {
  it('lets training go on as if it had never stopped', async () => {
    const steps = async (stack: Stack<Tensor>, count: number) => {
      const losses: number[] = [];
      for (let i = 0; i < count; i++) losses.push(await (await stack.step(batch)).loss);
      return losses;
    };
    const stopped = attached(ladder(options));
    await steps(stopped, 2);
    const { tensors, json } = stopped.state('plugins', 'optimizer');
    const copies = new Map([...tensors].map(([name, each]) => [name, tensor(each.dataSync(), each.shape)]));
    const told = JSON.parse(JSON.stringify(json)) as typeof json;
    expect(told.plugins.ladder?.state).toEqual({ started: true });
    const rest = await steps(stopped, 3);
    const end = values(stopped.state('plugins').tensors);
    release(stopped);

    const resumed = attached(ladder(options));
    resumed.loadState({ tensors: copies, json: told });
    for (const copy of copies.values()) copy.dispose();
    expect(await steps(resumed, 3)).toEqual(rest);
    expect(values(resumed.state('plugins').tensors)).toEqual(end);
  });
});

describe('a fault midway', () => {
  const places: [string, Plugin][] = [
    ['in a block of the backbone', faultAt('layers.1.mlp:input')],
    ['behind the second rung', faultAt('layers.2:input')],
    ['in the side network', faultAt('ladder/side.rungs.1.block.attention:output')],
    ['at the model’s output', faultAt(':output')],
  ];

  it.each(places)('%s leaves nothing, and the next step goes well', async (_, fault) => {
    const stack = attached(ladder({ ...options, init: 'random' }), fault);
    await (await stack.step(batch)).loss;
    const before = memory();
    failing = true;
    await expect(stack.step(batch)).rejects.toThrow('fault');
    failing = false;
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
    // A block by itself is no forward of the model: the side network does not wake up.
    tidy(() => void model.layers[1]?.call(zeros([1, 2, 16])));
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
    expect(Number.isFinite(await (await stack.step(batch)).loss)).toBe(true);
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
  });

  it('while importances are measured leaves nothing, and the next step measures anew', async () => {
    const stack = attached(ladder(options), faultAt('layers.1.mlp:input'));
    // What is made when it is first used is made now.
    stack.state();
    const before = memory();
    failing = true;
    await expect(stack.step(batch)).rejects.toThrow('fault');
    failing = false;
    expect(stack.state('plugins').json.plugins.ladder?.state).toEqual({ started: false });
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
    await (await stack.step(batch)).loss;
    expect(stack.state('plugins').json.plugins.ladder?.state).toEqual({ started: true });
  });
});

let failing = false;

function faultAt(place: string): Plugin {
  return definePlugin({
    name: 'fault',
    apply({ hooks }) {
      hooks.tap(place).forward(() => {
        if (failing) throw new Error('fault');
      });
    },
  })();
}
