import { attach, type Batch, disposeBatch, type Module, type Stack } from '@tapgrad/core';
import { tinyTwoTowers } from '@tapgrad/testing/builtin';
import { adamw } from '@tapgrad/train';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { r2 } from './index.ts';
import type { R2Options } from './options.ts';
import type { R2Output } from './terms.ts';
import { cacheTowers } from './towers.ts';

export const small = { layers: 2, width: 8, heads: 2, ratio: 2, dropout: 0, dropPath: 0 } as const;

/** Losses of three steps and the plugin's state after them, from the towers or from cached features. */
export async function courseOf(from: 'towers' | 'cache'): Promise<unknown[]> {
  const model = tinyTwoTowers.model();
  const batch = tinyTwoTowers.batch(0) as Batch & { inputs: Tensor[] };
  const optimizer = adamw({ learningRate: 1e-2 });
  const cached = from === 'cache' ? cacheTowers(model, small, ...batch.inputs) : undefined;
  const plugin = r2({ ...small, dropout: 0.3, dropPath: 0.1 });
  const stack = attach(model, [plugin], { loss: tinyTwoTowers.loss, optimizer, seed: 3 });
  const all: unknown[] = [];
  for (let i = 0; i < 3; i++) all.push(await (await stack.step(cached ? { ...batch, inputs: [cached] } : batch)).loss);
  for (const [name, each] of stack.state('plugins').tensors) all.push([name, ...each.dataSync()]);
  stack.detach();
  optimizer.dispose();
  model.dispose();
  dispose([batch, cached ?? []] as never);
  return all;
}

/** R2 on the tiny towers, for this package's tests. */
export function onTowers<T>(
  options: R2Options,
  f: (given: { stack: Stack<R2Output>; model: Module<never, R2Output>; batch: Batch & { inputs: Tensor[] } }) => T,
): T {
  const model = tinyTwoTowers.model() as Module<never, R2Output>;
  const batch = tinyTwoTowers.batch(0) as Batch & { inputs: Tensor[] };
  const stack = attach<R2Output>(model, [r2({ ...small, ...options })], { loss: tinyTwoTowers.loss, seed: 3 });
  const release = () => {
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  };
  try {
    const made = f({ stack, model, batch });
    if (made instanceof Promise) return made.finally(release) as T;
    release();
    return made;
  } catch (thrown) {
    release();
    throw thrown;
  }
}
