import { attach, type Batch, copyOf, definePlugin, type Optimizer, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw, sgd } from '@tapgrad/train';
import { dispose, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { growingHead, type PrdOptions, prd } from '../index.ts';
import { learn, pairBatch, pairTask, TinyClassifier, valuesOfAll } from '../test-heads.ts';

let model: TinyClassifier;
let optimizer: Optimizer & { dispose(): void };
let stack: Stack<Tensor> | undefined;
/** Of the last forward. */
let seen: { batch: Batch; rows: number } | undefined;

const spy = definePlugin({
  name: 'spy',
  apply({ hooks }) {
    hooks.loss.tap((terms, { batch, outputs }) => {
      seen = { batch, rows: (outputs as Tensor).shape[0] as number };
      return terms;
    });
  },
});

function put(options: PrdOptions = {}): Stack<Tensor> {
  stack?.detach();
  const plugin = prd({ projection: [5, 4], contrastTemperature: 0.5, ...options });
  stack = attach<Tensor>(model, [plugin, spy()], { loss: crossEntropy, optimizer, seed: 5 });
  return stack;
}

beforeEach(() => {
  model = new TinyClassifier();
  optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  optimizer.dispose();
  model.dispose();
});

/** Terms, gradients and targets of one batch of a task. */
function gradientsOf(
  of: Stack<Tensor>,
  index: number,
): { terms: Record<string, number>; gradients: Record<string, number[]> } {
  const batch = pairBatch(index);
  const made = of.gradientsOf(batch);
  const terms = Object.fromEntries(Object.entries(made.terms).map(([name, each]) => [name, each.dataSync()[0] ?? 0]));
  const gradients = valuesOfAll(made.gradients);
  made.dispose();
  dispose([batch.inputs, batch.targets]);
  return { terms, gradients };
}

function outputOf(of: Stack<Tensor>, index: number): number[][] {
  const { inputs, targets } = pairBatch(index);
  const output = tidy(() => of.predict(inputs).arraySync() as number[][]);
  dispose([inputs, targets]);
  return output;
}

const size = (values: readonly number[] | undefined) => Math.hypot(...(values ?? []));
const begun = async (of: Stack<Tensor>, index: number) => of.begin('task', { index, task: pairTask(index) });

describe('PRD', () => {
  it('puts its terms in the place of the task’s loss, and cosines to prototypes in that of the output', async () => {
    const of = put();
    await learn(of, 0);
    await begun(of, 1);
    expect(Object.keys(gradientsOf(of, 1).terms)).toEqual(['contrast', 'prototypes', 'relations']);
    const output = outputOf(of, 1);
    expect(output[0]).toHaveLength(4);
    expect(Math.max(...output.flat().map(Math.abs))).toBeLessThanOrEqual(1);
    const { loss } = await evaluated(of, 1);
    expect(loss).toBeGreaterThan(0);
  });

  it('trains on two views of each sample, of what was not augmented', async () => {
    const given: unknown[] = [];
    const augment: PrdOptions['augment'] = (inputs: Tensor, random) => {
      given.push(inputs);
      return mul(inputs, 1 + random.next());
    };
    const of = put({ augment });
    await begun(of, 0);
    const plain = pairBatch(0);
    const batch = { ...plain, unaugmented: copyOf(plain.inputs) };
    let views: number[][] = [];
    const untap = of.hooks.taps.add({
      plugin: 'test',
      rank: 9,
      pattern: 'body:input',
      forward: (x) => void (views = (x as Tensor).arraySync() as number[][]),
    });
    await (await of.step(batch)).loss;
    untap();
    expect(given).toEqual([batch.unaugmented, batch.unaugmented]);
    expect(views).toHaveLength(8);
    const [first, second] = [views[0]?.[0] as number, views[4]?.[0] as number];
    expect(first).not.toBe(second);
    expect(seen?.rows).toBe(8);
    dispose([plain.inputs, plain.targets, batch.unaugmented]);
  });

  it('does not pull features to prototypes: L_P alone has no gradient in the model', async () => {
    const only = put({ prototypeWeight: 3 });
    await begun(only, 0);
    const both = gradientsOf(only, 0).gradients;
    const without = put({ prototypeWeight: 0 });
    await begun(without, 0);
    const contrast = gradientsOf(without, 0).gradients;
    expect(both['body.weight']).toEqual(contrast['body.weight']);
    expect(size(both['prd/prototypes.0'])).toBeGreaterThan(0);
    expect(size(contrast['prd/prototypes.0'])).toBe(0);
  });

  it.each(['paper', 'reference-code'] as const)('has no distillation right after a task: %s', async (variant) => {
    const of = put({ variant });
    await learn(of, 0);
    await begun(of, 1);
    const { terms, gradients } = gradientsOf(of, 1);
    expect(terms.relations).toBeCloseTo(0, 12);
    expect(size(gradients['prd/prototypes.0'])).toBeCloseTo(0, 12);
    await (await of.step(pairOf(1))).loss;
    const after = gradientsOf(of, 1);
    expect(after.terms.relations).toBeGreaterThan(1e-6);
    expect(size(after.gradients['prd/prototypes.0'])).toBeGreaterThan(1e-6);
  });

  it('does not change its teacher while it learns', async () => {
    const of = put();
    await learn(of, 0);
    await begun(of, 1);
    const teacher = () =>
      valuesOfAll(new Map([...of.state('plugins').tensors].filter(([name]) => name.includes('/state/teacher/'))));
    const before = teacher();
    expect(Object.keys(before)).toContain('prd/state/teacher/prd/prototypes.0');
    await (await of.step(pairOf(1))).loss;
    expect(teacher()).toEqual(before);
  });

  it('lets prototypes descend by themselves, without momentum and decay', async () => {
    optimizer.dispose();
    optimizer = adamw({ learningRate: 0.5, weightDecay: 0.5 });
    const of = put({ prototypes: { learningRate: 0.2 } });
    await begun(of, 0);
    const value = () => Array.from(of.namedParameters().get('prd/prototypes.0')?.variable.dataSync() ?? []);
    const [before, { gradients }] = [value(), gradientsOf(of, 0)];
    await (await of.step(pairOf(0))).loss;
    const gradient = gradients['prd/prototypes.0'] as number[];
    for (const [i, now] of value().entries()) {
      expect(now).toBeCloseTo((before[i] as number) - 0.2 * (gradient[i] as number), 12);
    }
    expect([...optimizer.state().keys()].filter((name) => name.startsWith('prd/prototypes'))).toEqual([]);
    expect([...of.trainableParameters().keys()]).toContain('prd/prototypes.0');
  });

  it('is the model by itself before any task', async () => {
    const of = put();
    const { terms } = gradientsOf(of, 0);
    expect(Object.keys(terms)).toEqual(['task']);
    expect(outputOf(of, 0)[0]).toHaveLength(3);
  });

  it('says which targets it needs, and refuses another head', async () => {
    const of = put();
    await begun(of, 0);
    const { inputs, targets } = pairOf(0);
    const distributions = tidy(() => mul(outputTensor(of, inputs), 0));
    await expect(of.step({ inputs, targets: distributions })).rejects.toThrow(/PRD_TARGETS.*float32/);
    dispose([targets, distributions]);
    of.detach();
    stack = undefined;
    expect(() => attach<Tensor>(model, [growingHead(), prd()], { loss: crossEntropy })).toThrow(
      /PLUGIN_CONFLICT.*prototypes/,
    );
  });
});

const used: Tensor[] = [];
afterEach(() => dispose(used.splice(0)));

function pairOf(index: number): ReturnType<typeof pairBatch> {
  const batch = pairBatch(index);
  used.push(batch.inputs, batch.targets);
  return batch;
}

function outputTensor(of: Stack<Tensor>, inputs: Tensor): Tensor {
  return of.predict(inputs);
}

async function evaluated(of: Stack<Tensor>, index: number): Promise<{ loss: number }> {
  return of.evaluate([pairOf(index)]);
}
