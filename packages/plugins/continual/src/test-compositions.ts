import { attach, type Batch, definePlugin, disposeBatch, type LossTerms, type Plugin, type Stack } from '@tapgrad/core';
import { type ModelSpec, type PluginSpec, tinyTask, tryPair } from '@tapgrad/testing';
import { sgd } from '@tapgrad/train';
import { expect } from 'vitest';

type Model = ReturnType<ModelSpec['model']>;

/** Plugins on a tiny model, between tasks. */
export interface Composition {
  readonly model: Model;
  readonly stack: Stack;
  readonly explained: string;
  /** Learns task `index` for one pass; it ends unless `end` is false. */
  learn(index: number, end?: boolean): Promise<void>;
  /** One step on a batch of no task; gives its loss terms. */
  step(index: number): Promise<Readonly<Record<string, number>>>;
}

export async function composed<T>(
  on: ModelSpec,
  plugins: readonly Plugin[],
  f: (made: Composition) => Promise<T>,
): Promise<T> {
  const model = on.model();
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9 });
  const stack = attach<unknown>(model, plugins, {
    loss: (outputs, batch) => on.loss(outputs, batch),
    optimizer,
    seed: 3,
  });
  const step = async (batch: Batch) => {
    try {
      return await (await stack.step(batch)).terms;
    } finally {
      disposeBatch(batch);
    }
  };
  try {
    return await f({
      model,
      stack,
      explained: stack.explain(),
      async learn(index, end = true) {
        const task = tinyTask(on, index);
        await stack.begin('task', { index, task });
        for (const batch of task.batches() as Iterable<Batch>) await step(batch);
        if (end) await stack.end('task', { index, task });
      },
      step: (index) => step(on.batch(index)),
    });
  } finally {
    stack.detach();
    optimizer.dispose();
    model.dispose();
  }
}

/** The loss of both falls, training resumes bit for bit, and what is detached leaves nothing. */
export async function expectTogether(
  on: ModelSpec,
  one: () => Plugin[],
  other: () => Plugin[],
): Promise<readonly string[]> {
  const spec = (plugins: () => Plugin[]): PluginSpec => ({
    name: plugins()
      .map(({ declaration }) => declaration.name)
      .join(' and '),
    uses: [{ on, plugins }],
    gradients: 'exact',
  });
  const result = await tryPair(spec(one), spec(other));
  expect(result).toMatchObject({ outcome: 'trains' });
  return result.outcome === 'trains' ? result.order : [];
}

/** What a step showed: rows of its batch in the loss, values of its terms. */
export interface Seen {
  rows: number;
  terms: string[];
}

/** Looks on, behind all others. */
export function witness(seen: Seen) {
  return definePlugin({
    name: 'witness',
    reads: ['batch:samples', 'loss:penalty'],
    apply({ hooks }) {
      hooks.loss.tap((terms: LossTerms, { batch }) => {
        seen.rows = (batch.targets as { shape: number[] }).shape[0] as number;
        seen.terms = Object.keys(terms);
      });
    },
  })();
}
