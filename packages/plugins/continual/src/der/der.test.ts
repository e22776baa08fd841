import { type Batch, disposeBatch, randomStream, type Stack } from '@tapgrad/core';
import type { Sequential } from '@tapgrad/nn';
import { dispose, mul, type Tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classifier, numbers, put, samples } from '../base/test-support.ts';
import { derpp } from '../derpp/index.ts';
import { memory } from '../memory/index.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import { der } from './index.ts';

let model: Sequential;
let stack: Stack | undefined;

beforeEach(() => {
  model = classifier();
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  model.dispose();
});

async function termsOf(batch: Batch): Promise<Readonly<Record<string, number>>> {
  const { terms } = await (stack as Stack).step(batch);
  disposeBatch(batch);
  return terms;
}

function setRate(rate: number): void {
  const { optimizer } = (stack as Stack).options;
  if (optimizer) optimizer.learningRate = rate;
}

/** The mean squared error and the cross-entropy of what the plugin draws in the next step. */
function expected(plugin: string, draw: number): { logits: number; labels: number } {
  const { seed, steps } = stack as Stack;
  const batch = memoryOf(model)?.draw(2, randomStream(seed, plugin, steps, 'replay', 0, draw)) as Batch;
  const outputs = (stack as Stack).predict(batch.inputs) as Tensor;
  const [now, stored] = [numbers(outputs), numbers(batch.logits)];
  const logits = now.reduce((sum, value, i) => sum + (value - (stored[i] as number)) ** 2, 0) / now.length;
  let labels = 0;
  for (const [row, label] of numbers(batch.targets).entries()) {
    const scores = now.slice(4 * row, 4 * row + 4);
    labels += Math.log(scores.reduce((sum, value) => sum + Math.exp(value), 0)) - (scores[label] as number);
  }
  dispose([batch, outputs] as never);
  return { logits, labels: labels / 2 };
}

describe('DER', () => {
  it('adds alpha times the distance of logits to those at insertion', async () => {
    stack = put(model, [memory({ samples: 4 }), der({ alpha: 0.3 })]);
    setRate(1);
    expect(Object.keys(await termsOf(samples([0, 1])))).toEqual(['task']);
    const { logits } = expected('der', 0);
    const terms = await termsOf(samples([2, 3]));
    expect(logits).toBeGreaterThan(0.01);
    expect(terms.der).toBeCloseTo(0.3 * logits, 12);
  });

  it('has the value and gradient 0 while the weights are those of the insertion', async () => {
    stack = put(model, [memory({ samples: 4 }), der()]);
    setRate(0);
    await termsOf(samples([0, 1]));
    const again = samples([0, 1]);
    const made = stack.gradientsOf(again);
    stack.setEnabled('der', false);
    const plain = stack.gradientsOf(again);
    expect(numbers(made.terms.der)).toEqual([0]);
    for (const [name, gradient] of made.gradients)
      expect(numbers(gradient)).toEqual(numbers(plain.gradients.get(name)));
    made.dispose();
    plain.dispose();
    dispose(again as never);
  });

  it('pulls the model back: the gradient is that of a distance', async () => {
    stack = put(model, [memory({ samples: 2 }), der({ alpha: 1 })]);
    await termsOf(samples([0, 1]));
    setRate(5);
    await termsOf(samples([3, 3], 5));
    const before = expected('der', 0).logits;
    // The memory's own samples move the logits back when nothing else pulls.
    setRate(0);
    const { der: value } = await termsOf(samples([0, 1]));
    expect(value).toBeCloseTo(before, 12);
  });

  it('changes replayed inputs by fresh augmentation', async () => {
    const seen: number[][] = [];
    const augment = (inputs: Batch['inputs']) => {
      seen.push(numbers(inputs));
      return mul(inputs as Tensor, 2);
    };
    const plugin = der({ augment });
    expect(JSON.stringify(plugin.options)).toBe('{"alpha":0.3,"forward":"apart"}');
    stack = put(model, [memory({ samples: 4 }), plugin]);
    await termsOf(samples([0, 1]));
    expect(seen).toEqual([]);
    await termsOf(samples([0, 1]));
    expect(seen).toHaveLength(1);
  });

  it('says so where samples were stored without logits', async () => {
    stack = put(model, [memory({ samples: 4 })]);
    await termsOf(samples([0, 1]));
    const { tensors, json } = stack.state();
    const stored = { tensors: new Map([...tensors].map(([name, each]) => [name, each.clone()])), json };
    stack.detach();
    stack = put(model, [memory({ samples: 4 }), der()]);
    stack.loadState(stored);
    dispose([...stored.tensors.values()]);
    const batch = samples([0, 1]);
    await expect(stack.step(batch)).rejects.toThrow(/REPLAY_LOGITS/);
    disposeBatch(batch);
  });
});

describe('DER++', () => {
  it('adds the distance for one draw and the user’s loss of another', async () => {
    stack = put(model, [memory({ samples: 8 }), derpp({ alpha: 0.2, beta: 0.5 })]);
    setRate(0.5);
    await termsOf(samples([0, 1, 2, 3, 0, 1]));
    const [first, second] = [expected('derpp', 0), expected('derpp', 1)];
    const terms = await termsOf(samples([2, 3]));
    expect(Object.keys(terms)).toEqual(['task', 'derpp:logits', 'derpp:labels']);
    expect(terms['derpp:logits']).toBeCloseTo(0.2 * first.logits, 12);
    expect(terms['derpp:labels']).toBeCloseTo(0.5 * second.labels, 12);
    expect(first.labels).not.toBeCloseTo(second.labels, 6);
  });

  it('of the reference code takes both terms of one draw', async () => {
    stack = put(model, [memory({ samples: 8 }), derpp({ variant: 'reference-code' })]);
    setRate(0.5);
    await termsOf(samples([0, 1, 2, 3, 0, 1]));
    const first = expected('derpp', 0);
    const terms = await termsOf(samples([2, 3]));
    expect(terms['derpp:logits']).toBeCloseTo(0.2 * first.logits, 12);
    expect(terms['derpp:labels']).toBeCloseTo(0.5 * first.labels, 12);
  });

  it('has only the terms that have a weight', async () => {
    for (const [options, names] of [
      [{ alpha: 0 }, ['task', 'derpp:labels']],
      [{ beta: 0 }, ['task', 'derpp:logits']],
      [{ alpha: 0, beta: 0, variant: 'reference-code' as const }, ['task']],
    ] as const) {
      stack = put(model, [memory({ samples: 4 }), derpp(options)]);
      await termsOf(samples([0, 1]));
      expect(Object.keys(await termsOf(samples([0, 1])))).toEqual(names);
      stack.detach();
    }
  });

  it('and DER are refused together, with the reason', () => {
    expect(() => put(model, [memory({ samples: 4 }), der(), derpp()])).toThrow(/PLUGIN_CONFLICT.*its term is one/s);
  });
});
