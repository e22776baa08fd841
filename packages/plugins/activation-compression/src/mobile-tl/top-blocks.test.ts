import { attach, randomStream, type Stack, type TapgradError } from '@tapgrad/core';
import { crossEntropy, MobileNetV2, ResNet } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { memory, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mobileTl } from './index.ts';
import { blockRoles } from './roles.ts';
import { disposeBatch, InvertedResiduals, imageBatch, type TestBatch } from './test-models.ts';

let model: InvertedResiduals;
let batch: TestBatch;

beforeEach(() => {
  model = new InvertedResiduals();
  batch = imageBatch();
});
afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

const host = (value: Tensor) => Array.from(value.dataSync());
const stateOf = () => new Map([...model.state()].map(([name, each]) => [name, host(each)]));
const attached = (options?: Parameters<typeof mobileTl>[0]): Stack<Tensor> =>
  attach<Tensor>(model, [mobileTl({ train: 2, ...options })], {
    loss: crossEntropy,
    optimizer: adamw({ learningRate: 1e-2 }),
  });

function release(stack: Stack<Tensor>): void {
  stack.detach();
  stack.options.optimizer?.dispose();
}

describe('the roles of norms', () => {
  it('are told by structure in every block of MobileNetV2', () => {
    const network = new MobileNetV2({ classes: 3, random: randomStream(1) });
    const roles = network.blocks.map((module, i) => blockRoles({ path: `blocks.${i}`, module }));
    expect(roles[0]).toEqual({ inner: ['blocks.0.depthwise.norm'], last: 'blocks.0.project.norm' });
    for (const [i, each] of [...roles.entries()].slice(1)) {
      expect(each).toEqual({
        inner: [`blocks.${i}.expand.norm`, `blocks.${i}.depthwise.norm`],
        last: `blocks.${i}.project.norm`,
      });
    }
    network.dispose();
  });

  it('may be given', () => {
    const block = { path: 'blocks.0', module: model.blocks[0]! };
    expect(blockRoles(block, 'expand.norm').last).toBe('blocks.0.expand.norm');
  });
});

describe('MobileTL', () => {
  it('trains convolutions and the last norm of the top blocks, the shift of inner norms, and the head', () => {
    const stack = attached();
    const names = [...stack.trainableParameters().keys()].filter((name) => name.startsWith('blocks.1'));
    expect(names).toEqual([
      'blocks.1.expand.conv.weight',
      'blocks.1.expand.norm.bias',
      'blocks.1.depthwise.conv.weight',
      'blocks.1.depthwise.norm.bias',
      'blocks.1.project.conv.weight',
      'blocks.1.project.norm.weight',
      'blocks.1.project.norm.bias',
    ]);
    const others = [...stack.trainableParameters().keys()].filter((name) => !/^blocks\.[12]/.test(name));
    expect(others).toEqual(['classifier.weight', 'classifier.bias']);
    release(stack);
  });

  it('changes statistics of last norms alone; scale and statistics of inner norms and what lies below stay, bit for bit', async () => {
    const before = stateOf();
    const stack = attached();
    for (let i = 0; i < 2; i++) await (await stack.step(batch)).loss;
    release(stack);
    const changed = [...stateOf()].filter(([name, values]) => values.some((each, i) => each !== before.get(name)![i]));
    const names = changed.map(([name]) => name);
    expect(names.filter((name) => name.includes('running'))).toEqual(
      [1, 2].flatMap((i) => [`blocks.${i}.project.norm.runningMean`, `blocks.${i}.project.norm.runningVar`]),
    );
    expect(names.filter((name) => /^blocks\.0|(expand|depthwise)\.norm\.weight/.test(name))).toEqual([]);
    expect(names.filter((name) => name.includes('norm.bias'))).toHaveLength(6);
    expect([...model.namedModules().values()].every(({ training }) => training)).toBe(true);
  });

  it('gives the shift of an inner norm the gradient that central differences show', () => {
    const stack = attached({ mask: 'exact' });
    const made = stack.gradientsOf(batch);
    const bias = model.blocks[2]!.depthwise.norm.bias;
    const before = host(bias.variable);
    const lossAt = (shift: number) => {
      tidy(() => bias.assign(tensor([before[0]! + shift, ...before.slice(1)])));
      const probe = stack.gradientsOf(batch);
      const [loss] = host(probe.terms.task!);
      probe.dispose();
      return loss!;
    };
    const slope = (lossAt(1e-6) - lossAt(-1e-6)) / 2e-6;
    expect(host(made.gradients.get('blocks.2.depthwise.norm.bias')!)[0]).toBeCloseTo(slope, 7);
    made.dispose();
    release(stack);
  });

  it('leaves forward alone: masks change no loss, and in evaluation logits are the model’s own', () => {
    const logits = (stack: Stack<Tensor>) => {
      const made = stack.predict(batch.inputs);
      const values = host(made);
      made.dispose();
      return values;
    };
    const losses: number[] = [];
    const predictions: number[][] = [];
    for (const mask of ['sign', 'exact', 'off'] as const) {
      const stack = attached({ mask });
      const made = stack.gradientsOf(batch);
      losses.push(host(made.terms.task!)[0]!);
      made.dispose();
      predictions.push(logits(stack));
      release(stack);
      // The forward was a training one: running statistics of last norms have moved.
      model.dispose();
      model = new InvertedResiduals();
    }
    expect(losses[1]).toBe(losses[0]);
    expect(losses[2]).toBe(losses[0]);
    expect(predictions[1]).toEqual(predictions[0]);
    model.eval();
    const stack = attached();
    const own = model.call(batch.inputs);
    expect(logits(stack)).toEqual(host(own));
    own.dispose();
    release(stack);
  });

  it('goes without a trace: buffers, modes and what trains are as before', () => {
    const before = stateOf();
    const count = memory();
    const stack = attached();
    release(stack);
    expect(stateOf()).toEqual(before);
    expect([memory().numTensors, memory().numDataBuffers]).toEqual([count.numTensors, count.numDataBuffers]);
  });

  it('refuses what it cannot recognise', () => {
    const code = (f: () => unknown): string | undefined => {
      try {
        f();
      } catch (thrown) {
        return (thrown as TapgradError).code;
      }
      return undefined;
    };
    expect(code(() => attached({ train: 4 }))).toBe('MOBILE_TL_BLOCKS');
    expect(code(() => attached({ head: 'top' }))).toBe('MOBILE_TL_HEAD');
    expect(code(() => attached({ lastNorm: 'project.nor' }))).toBe('MOBILE_TL_BLOCK');
    expect(code(() => attached({ blocks: 'block.*' }))).toBe('NO_BLOCKS');
    expect(code(() => mobileTl({ mask: 'none' as never }))).toBe('PLUGIN_OPTIONS');
    const network = new ResNet({ architecture: 'resnet-20-cifar', classes: 3, random: randomStream(1) });
    const onResNet = () => attach(network, [mobileTl({ blocks: 'layer*.*' })], { loss: crossEntropy as never });
    expect(code(onResNet)).toBe('MOBILE_TL_BLOCK');
    network.dispose();
  });
});
