import { type Batch, definePlugin, type GradientMap, type Stack } from '@tapgrad/core';
import type { Sequential } from '@tapgrad/nn';
import { dispose, fill, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classifier, numbers, put, samples, step } from '../base/test-support.ts';
import { memory } from '../memory/index.ts';
import { aGem } from './index.ts';

let model: Sequential;
let stack: Stack | undefined;
let seen: Record<string, number[]> = {};

beforeEach(() => {
  model = classifier();
});

afterEach(() => {
  stack?.detach();
  stack = undefined;
  model.dispose();
});

/** Sees the gradients that the update is made with. */
const watch = definePlugin({
  name: 'watch',
  after: ['a-gem?'],
  apply({ hooks }) {
    hooks.update.before.tap(({ gradients }) => {
      seen = values(gradients);
    });
  },
});

function values(gradients: GradientMap): Record<string, number[]> {
  return Object.fromEntries([...gradients].map(([name, each]) => [name, numbers(each)]));
}

function gradientsOf(batch: Batch): Record<string, number[]> {
  const made = (stack as Stack).gradientsOf(batch);
  const found = values(made.gradients);
  made.dispose();
  return found;
}

const dot = (a: Record<string, number[]>, b: Record<string, number[]>) =>
  Object.entries(a).reduce(
    (sum, [name, each]) => each.reduce((s, value, i) => s + value * (b[name]?.[i] ?? 0), sum),
    0,
  );

describe('A-GEM', () => {
  it('leaves the gradient as it is while the memory is empty, and where nothing goes against it', async () => {
    stack = put(model, [memory({ samples: 4 }), aGem(), watch()]);
    for (let i = 0; i < 2; i++) {
      const batch = samples([0, 1]);
      const expected = gradientsOf(batch);
      await step(stack, batch);
      expect(dot(expected, expected)).toBeGreaterThan(0);
      expect(seen).toEqual(expected);
    }
  });

  it('makes a gradient that goes against the memory’s orthogonal to it', async () => {
    stack = put(model, [memory({ samples: 2 }), aGem(), watch()]);
    await step(stack, samples([0, 0]));
    const [batch, reference] = [{ ...samples([0, 0]), ...{} }, samples([0, 0])];
    dispose(batch.targets as Tensor);
    const contrary = { ...batch, targets: tidy(() => fill([2], 3, 'int32')) };
    const [g, r] = [gradientsOf(contrary), gradientsOf(reference)];
    expect(dot(g, r)).toBeLessThan(0);
    await step(stack, contrary);
    expect(Math.abs(dot(seen, r))).toBeLessThan(1e-12);
    const share = dot(g, r) / dot(r, r);
    for (const [name, each] of Object.entries(seen)) {
      for (const [i, value] of each.entries()) {
        expect(value).toBeCloseTo((g[name]?.[i] as number) - share * (r[name]?.[i] as number), 12);
      }
    }
    dispose(reference as never);
  });

  it('of the reference code wants a memory of one batch of each task', () => {
    const attachWith = (policy: 'reservoir' | 'task-batch') =>
      put(model, [memory({ samples: 4, policy }), aGem({ variant: 'reference-code' })]).detach();
    expect(() => attachWith('reservoir')).toThrow(/AGEM_MEMORY.*task-batch/s);
    attachWith('task-batch');
  });

  it('is refused without a memory', () => {
    expect(() => put(model, [aGem()])).toThrow(/PLUGIN_UNKNOWN.*memory/s);
  });
});
