import { measureMemory, type Optimizer, Parameter } from '@tapgrad/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { adam, adamw, type NamedStateOptimizer, sgd } from './index.ts';

/** PyTorch's formulas (torch/optim/{sgd,adam,adamw}.py) on one number, written out. */
type Rule = (p: number, g: number, state: { m: number; v: number; t: number }) => number;

const rate = 0.1;
const sgdRule =
  ({ momentum = 0, nesterov = false, decay = 0 }): Rule =>
  (p, g, state) => {
    const gradient = g + decay * p;
    state.m = momentum * state.m + gradient;
    return p - rate * (nesterov ? gradient + momentum * state.m : state.m);
  };
const adamRule =
  ({ l2 = 0, decay = 0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }): Rule =>
  (p, g, state) => {
    const gradient = g + l2 * p;
    state.t++;
    state.m = beta1 * state.m + (1 - beta1) * gradient;
    state.v = beta2 * state.v + (1 - beta2) * gradient * gradient;
    const first = state.m / (1 - beta1 ** state.t);
    const second = state.v / (1 - beta2 ** state.t);
    return p * (1 - rate * decay) - (rate * first) / (Math.sqrt(second) + epsilon);
  };

const cases: [name: string, optimizer: () => NamedStateOptimizer, rule: Rule][] = [
  ['sgd', () => sgd({ learningRate: rate }), sgdRule({})],
  ['sgd with momentum', () => sgd({ learningRate: rate, momentum: 0.9 }), sgdRule({ momentum: 0.9 })],
  [
    'sgd with Nesterov momentum and a penalty',
    () => sgd({ learningRate: rate, momentum: 0.8, nesterov: true, weightDecay: 0.1, decay: '**' }),
    sgdRule({ momentum: 0.8, nesterov: true, decay: 0.1 }),
  ],
  ['adam', () => adam({ learningRate: rate }), adamRule({})],
  [
    'adam with a penalty and other betas',
    () => adam({ learningRate: rate, weightDecay: 0.2, decay: '**', beta1: 0.7, beta2: 0.95, epsilon: 1e-3 }),
    adamRule({ l2: 0.2, beta1: 0.7, beta2: 0.95, epsilon: 1e-3 }),
  ],
  ['adamw', () => adamw({ learningRate: rate, weightDecay: 0.3, decay: '**' }), adamRule({ decay: 0.3 })],
];

const gradients = [
  [0.5, -2, 1e-4],
  [-0.25, 0, 3],
  [1, 1, -1],
  [0.1, -0.2, 0.3],
];
const start = [1, -2, 0.5];

let optimizer: Optimizer | undefined;
const parameters = new Map<string, Parameter>();

afterEach(() => {
  optimizer?.dispose();
  for (const each of parameters.values()) each.dispose();
  parameters.clear();
});

function parameter(name: string, values: number[], shape = [values.length]): Parameter {
  const made = new Parameter(tensor(values, shape));
  parameters.set(name, made);
  return made;
}

function step(using: Optimizer, given: Record<string, number[]>): void {
  const made = new Map(
    Object.entries(given).map(([name, values]) => [name, tensor(values, parameters.get(name)?.shape as number[])]),
  );
  using.step(parameters, made as ReadonlyMap<string, Tensor>);
  for (const each of made.values()) each.dispose();
}

describe('optimizers', () => {
  it.each(cases)('%s follows PyTorch for four steps', (_, make, rule) => {
    optimizer = make();
    const p = parameter('w', start);
    const expected = [...start];
    const states = start.map(() => ({ m: 0, v: 0, t: 0 }));
    for (const g of gradients) {
      step(optimizer, { w: g });
      for (const [i, state] of states.entries()) expected[i] = rule(expected[i] as number, g[i] as number, state);
      for (const [i, value] of p.variable.dataSync().entries()) expect(value).toBeCloseTo(expected[i] as number, 13);
    }
  });

  it('the first step of adam is the learning rate in the direction of the gradient', () => {
    optimizer = adam({ learningRate: 0.01, epsilon: 0 });
    const p = parameter('w', [1, 1]);
    step(optimizer, { w: [1e-3, -50] });
    expect(p.variable.dataSync()[0]).toBeCloseTo(0.99, 14);
    expect(p.variable.dataSync()[1]).toBeCloseTo(1.01, 14);
  });

  it('adamw decays weights, and neither biases nor scales of norms', () => {
    optimizer = adamw({ learningRate: 0.1, weightDecay: 0.5 });
    const weight = parameter('layer.weight', [1, 2], [1, 2]);
    const scale = parameter('norm.weight', [1, 2]);
    step(optimizer, { 'layer.weight': [0, 0], 'norm.weight': [0, 0] });
    expect([...weight.variable.dataSync()]).toEqual([0.95, 1.9]);
    expect([...scale.variable.dataSync()]).toEqual([1, 2]);
  });

  it('a glob says what decays, names of plugins included', () => {
    optimizer = adamw({ learningRate: 0.1, weightDecay: 0.5, decay: ['ladder/**', '*.bias'] });
    const values = ['ladder/side.0.weight', 'head.bias', 'head.weight'].map((name) => parameter(name, [1], [1, 1]));
    step(optimizer, { 'ladder/side.0.weight': [0], 'head.bias': [0], 'head.weight': [0] });
    expect(values.map((each) => each.variable.dataSync()[0])).toEqual([0.95, 0.95, 1]);
  });

  it.each([
    ['sgd', () => sgd({ learningRate: 1, rates: { 'head.**': 0.5, '**': 0 } })],
    ['adam', () => adam({ learningRate: 1, rates: { 'head.**': 0.5, '**': 0 } })],
  ])('%s has a learning rate of its own where a glob says so: the first that matches', (_, make) => {
    optimizer = make();
    const [head, body] = [parameter('head.out.weight', [1]), parameter('body.weight', [1])];
    step(optimizer, { 'head.out.weight': [1], 'body.weight': [1] });
    expect(head.variable.dataSync()[0]).toBeCloseTo(0.5, 7);
    expect(body.variable.dataSync()[0]).toBe(1);
  });

  it('a gradient or state of another shape is refused before anything changes', () => {
    optimizer = adam({ learningRate: 1 });
    const [first, second] = [parameter('first', [1]), parameter('second', [1, 2])];
    const wrong = new Map([
      ['first', tensor([1])],
      ['second', tensor([1])],
    ]);
    const refused = () =>
      expect(() => optimizer?.step(parameters, wrong)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    refused();
    expect([first.variable.dataSync()[0], optimizer.state().size]).toEqual([1, 0]);
    step(optimizer, { first: [1], second: [1, 1] });
    second.dispose();
    parameter('second', [1]);
    refused();
    for (const each of wrong.values()) each.dispose();
  });

  it('a parameter that stopped training finds its moments and its own step count again', () => {
    optimizer = adam({ learningRate: rate });
    const p = parameter('w', [1]);
    parameter('other', [1]);
    const state = { m: 0, v: 0, t: 0 };
    step(optimizer, { w: [0.5], other: [1] });
    let expected = adamRule({})(1, 0.5, state);
    for (let i = 0; i < 3; i++) step(optimizer, { other: [1] });
    step(optimizer, { w: [-2], other: [1] });
    expected = adamRule({})(expected, -2, state);
    expect(p.variable.dataSync()[0]).toBeCloseTo(expected, 13);
    expect(optimizer.counters()).toEqual({ w: 2, other: 5 });
  });

  it('state that is saved and loaded into another optimizer continues alike', () => {
    optimizer = adamw({ learningRate: rate });
    const first = parameter('w', start);
    step(optimizer, { w: gradients[0] as number[] });
    const other = adamw({ learningRate: rate });
    other.loadState(optimizer.state(), optimizer.counters());
    const second = new Parameter(tensor([...first.variable.dataSync()]));
    step(optimizer, { w: gradients[1] as number[] });
    parameters.set('w', second);
    step(other, { w: gradients[1] as number[] });
    expect([...second.variable.dataSync()]).toEqual([...first.variable.dataSync()]);
    first.dispose();
    other.dispose();
  });

  it.each([
    ['another optimizer', () => sgd({ learningRate: rate, momentum: 0.9 }), (counters: object) => counters],
    ['an unknown count', () => adam({ learningRate: rate }), () => ({ w: 0.5 })],
    ['a missing count', () => adam({ learningRate: rate }), () => ({})],
  ])('state of %s is refused, and nothing changes', (_, make, change) => {
    const adamState = adam({ learningRate: rate });
    optimizer = make();
    parameter('w', start);
    step(adamState, { w: start });
    step(optimizer, { w: start });
    const before = [...optimizer.state()].map(([name, each]) => [name, ...each.dataSync()]);
    expect(() =>
      optimizer?.loadState(adamState.state(), change({ ...adamState.counters() }) as Record<string, number>),
    ).toThrow(expect.objectContaining({ code: 'OPTIMIZER_STATE' }));
    expect([...optimizer.state()].map(([name, each]) => [name, ...each.dataSync()])).toEqual(before);
    adamState.dispose();
  });

  it.each(cases)('the temporaries of %s are a few of one parameter, however many there are', (_, make) => {
    optimizer = make();
    const names = Array.from({ length: 6 }, (_each, i) => `layers.${i}.weight`);
    for (const name of names) parameter(name, new Array(100).fill(0.5));
    const all = Object.fromEntries(names.map((name) => [name, new Array(100).fill(0.1)]));
    step(optimizer, all);
    const given = new Map(names.map((name) => [name, tensor(all[name] as number[])]));
    const { peak } = measureMemory((ledger) => {
      for (const each of given.values()) ledger.claim(each, 'gradients');
      optimizer?.step(parameters, given);
    });
    for (const each of given.values()) each.dispose();
    expect(peak.bytes - peak.categories.gradients).toBeLessThanOrEqual((5 + 6 * 3) * 400);
    expect(peak.categories.transient).toBeGreaterThan(0);
  });

  it.each([
    () => sgd({ learningRate: -1 }),
    () => sgd({ learningRate: 0.1, momentum: 1 }),
    () => adam({ learningRate: 0.1, beta2: 1 }),
    () => adamw({ learningRate: Number.NaN }),
    () => adamw({ learningRate: 1, rates: { head: -1 } }),
  ])('a wrong option is refused (%#)', (make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  });
});
