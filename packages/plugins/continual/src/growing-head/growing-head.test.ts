import { attach, copyOf, definePlugin, Module, type Plugin, type Stack } from '@tapgrad/core';
import { crossEntropy, Linear } from '@tapgrad/nn';
import { tinyDualEncoder } from '@tapgrad/testing/builtin';
import { adamw } from '@tapgrad/train';
import { dispose, memory, relu, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { growingHead, lingoCL, prd } from '../index.ts';
import { learn, pairBatch, pairTask, TinyClassifier, valuesOfAll } from '../test-heads.ts';

let model: TinyClassifier;
let optimizer: ReturnType<typeof adamw>;
let stack: Stack<Tensor>;

function put(...plugins: Plugin[]): Stack<Tensor> {
  stack = attach<Tensor>(model, plugins, { loss: crossEntropy, optimizer, seed: 5 });
  return stack;
}

beforeEach(() => {
  model = new TinyClassifier();
  optimizer = adamw({ learningRate: 0.05 });
});

afterEach(() => {
  stack.detach();
  optimizer.dispose();
  model.dispose();
});

function outputOf(index: number, of: Stack<Tensor> = stack): number[][] {
  const { inputs, targets } = pairBatch(index);
  const output = tidy(() => of.predict(inputs).arraySync() as number[][]);
  dispose([inputs, targets]);
  return output;
}

const parts = () => [...stack.namedParameters().keys()].filter((name) => name.startsWith('growing-head/'));
const head = () => valuesOfAll(new Map([...model.head.namedParameters()].map(([name, each]) => [name, each.variable])));

describe('a growing head', () => {
  it('is the model’s own before any task', () => {
    put();
    const own = outputOf(0);
    stack.detach();
    put(growingHead());
    expect(outputOf(0)).toEqual(own);
    expect(parts()).toEqual([]);
  });

  it('gets a part a task, whose columns stand behind those that are there', async () => {
    put(growingHead());
    await learn(stack, 0);
    const before = outputOf(0);
    expect(before[0]).toHaveLength(2);
    await stack.begin('task', { index: 1, task: pairTask(1) });
    const after = outputOf(0);
    expect(after[0]).toHaveLength(4);
    expect(after.map((row) => row.slice(0, 2))).toEqual(before);
    expect(parts()).toEqual(
      ['parts.0.weight', 'parts.0.bias', 'parts.1.weight', 'parts.1.bias'].map((name) => `growing-head/${name}`),
    );
  });

  it('keeps names, values and optimizer state of the parts that are there', async () => {
    put(growingHead());
    await learn(stack, 0);
    const old = () =>
      valuesOfAll(new Map([...stack.state().tensors].filter(([name]) => name.includes('growing-head/parts.0.'))));
    const before = old();
    expect(Object.keys(before)).toContain('optimizer/growing-head/parts.0.weight/m');
    await stack.begin('task', { index: 1, task: pairTask(1) });
    expect(old()).toEqual(before);
  });

  it('leaves the model’s own head untouched, which does not train', async () => {
    put(growingHead());
    const before = head();
    for (const index of [0, 1]) await learn(stack, index);
    expect(head()).toEqual(before);
    expect([...stack.trainableParameters().keys()].filter((name) => name.startsWith('head'))).toEqual([]);
  });

  it('grows for unseen classes alone', async () => {
    put(growingHead());
    await learn(stack, 0);
    await stack.begin('task', { index: 1, task: { ...pairTask(0), index: 1 } });
    await stack.begin('task', { index: 2, task: { ...pairTask(0), index: 2, classes: [1, 2] } });
    expect(outputOf(0)[0]).toHaveLength(3);
  });

  it('has no bias where it shall not', async () => {
    put(growingHead({ bias: false }));
    await learn(stack, 0);
    expect(parts()).toEqual(['growing-head/parts.0.weight']);
  });

  it('gives its tensors back', async () => {
    put();
    const { numTensors } = memory();
    stack.detach();
    put(growingHead());
    for (const index of [0, 1]) await learn(stack, index, 0);
    stack.detach();
    expect(memory().numTensors).toBe(numTensors);
  });
});

describe('the state of a growing head', () => {
  it('goes into a fresh stack, which learns on as the first would have', async () => {
    put(growingHead());
    await learn(stack, 0);
    await learn(stack, 1, 1);
    const { tensors, json } = stack.state();
    const saved = { tensors: new Map([...tensors].map(([name, each]) => [name, copyOf(each)])), json };
    await learn(stack, 1, 2);
    const expected = outputOf(1);

    const fresh = new TinyClassifier();
    const own = adamw({ learningRate: 0.05 });
    const again = attach<Tensor>(fresh, [growingHead()], { loss: crossEntropy, optimizer: own, seed: 5 });
    await again.begin('task', { index: 1, task: pairTask(1), resumed: true });
    again.loadState(saved);
    await learn(again, 1, 2);
    expect(outputOf(1, again)).toEqual(expected);
    again.detach();
    own.dispose();
    fresh.dispose();
    dispose([...saved.tensors.values()]);
  });

  it('of fewer tasks makes it smaller', async () => {
    put(growingHead());
    await learn(stack, 0);
    const { tensors, json } = stack.state('model', 'plugins');
    const saved = { tensors: new Map([...tensors].map(([name, each]) => [name, copyOf(each)])), json };
    const before = outputOf(0);
    await learn(stack, 1);
    stack.loadState(saved);
    expect(outputOf(0)).toEqual(before);
    dispose([...saved.tensors.values()]);
  });
});

class Named extends Module {
  readonly fc = new Linear(4, 3);
  readonly classifier = new Linear(3, 3);

  override forward(x: Tensor): Tensor {
    return this.classifier.call(this.fc.call(x));
  }
}

class Listed extends Module {
  readonly layers = [new Linear(4, 5), new Linear(5, 3)];

  override forward(x: Tensor): Tensor {
    return (this.layers[1] as Linear).call(relu((this.layers[0] as Linear).call(x)));
  }
}

describe('the head that is replaced', () => {
  beforeEach(() => void put(growingHead()));

  const attached = (target: Module, plugin: Plugin, ...others: Plugin[]) => {
    try {
      attach<Tensor>(target, [...others, plugin], { loss: crossEntropy }).detach();
    } finally {
      target.dispose();
    }
  };

  it('is the last linear layer of a list', async () => {
    const listed = new Listed();
    const other = attach<Tensor>(listed, [growingHead()], { loss: crossEntropy });
    await other.begin('task', { index: 0, task: pairTask(0) });
    expect(other.namedParameters().get('growing-head/parts.0.weight')?.shape).toEqual([5, 2]);
    other.detach();
    listed.dispose();
  });

  it('is refused where it cannot be told, or is not there', () => {
    expect(() => attached(new Named(), growingHead())).toThrow(/HEAD_AMBIGUOUS.*fc, classifier/);
    expect(() => attached(new Named(), growingHead({ head: 'classifier' }))).not.toThrow();
    expect(() => attached(new Named(), growingHead({ head: 'body' }))).toThrow(/HEAD_UNKNOWN.*body/);
    expect(() => attached(new Headless(), growingHead())).toThrow(/HEAD_MISSING.*no linear layer/);
  });

  /** Puts a classifier of its own in the place of the model's head. */
  const bringing = (name: string) =>
    definePlugin({
      name,
      writes: [`${name}:classifier`],
      apply({ hooks, addModule }) {
        const classifier = addModule('classifier', new Linear(6, 3));
        let features: unknown;
        hooks.tap('head:input').forward((value) => {
          features = value;
        });
        hooks.tap('head:output').forward(() => classifier.call(features as Tensor));
      },
    })();

  it('is the classifier that another plugin has put in its place', async () => {
    const target = new TinyClassifier();
    const other = attach<Tensor>(target, [growingHead(), bringing('prompt-tokens')], { loss: crossEntropy });
    await other.begin('task', { index: 0, task: pairTask(0) });
    expect(outputOf(0, other)[0]).toHaveLength(2);
    const names = [...other.trainableParameters().keys()].filter((name) => name.includes('/'));
    expect(names).toEqual(['growing-head/parts.0.weight', 'growing-head/parts.0.bias']);
    other.detach();
    target.dispose();
  });

  it('must be named where two plugins have brought one', () => {
    const plugins = (head?: string) =>
      [growingHead(head === undefined ? {} : { head }), bringing('prompt-tokens'), bringing('prefix-tokens')] as const;
    const [head, ...others] = plugins();
    expect(() => attached(new TinyClassifier(), head, ...others)).toThrow(/HEAD_AMBIGUOUS.*prefix-tokens\/classifier/);
    const [named, ...rest] = plugins('prefix-tokens/classifier');
    expect(() => attached(new TinyClassifier(), named, ...rest)).not.toThrow();
  });

  it.each([
    ['growing-head', () => growingHead()],
    ['growing-head that is told which', () => growingHead({ head: 'textProjection' })],
    ['lingocl', () => lingoCL({ vectors: { zero: [1, 0] } })],
    ['prd', () => prd()],
  ])('is none in a model of images and texts: %s is refused, and nothing is left', (_, plugin) => {
    const dual = tinyDualEncoder.model();
    dual.state();
    const held = memory().numTensors;
    const attempt = () => attach<unknown>(dual, [plugin()], { loss: () => scalar(0) });
    expect(attempt).toThrow(/HEAD_MISSING.*DualEncoder.*zscl/s);
    expect(memory().numTensors).toBe(held);
    attach<unknown>(dual, [], { loss: () => scalar(0) }).detach();
    dual.dispose();
  });

  it('takes classes in the order in which they arrive', async () => {
    await expect(stack.begin('task', { index: 0, task: pairTask(1) })).rejects.toThrow(
      /HEAD_CLASSES.*classes 2, 3.*0 columns/,
    );
  });
});

class Headless extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}
