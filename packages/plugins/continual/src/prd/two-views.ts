import { type Batch, disposeBatch, type PluginContext } from '@tapgrad/core';
import { concat, Tensor, tidy } from '@tensorflow/tfjs-core';
import type { CheckedPrdOptions } from './options.ts';

type Context = Pick<PluginContext<CheckedPrdOptions>, 'hooks' | 'options' | 'random'>;

/**
 * Lets every batch of a training step hold two views of each sample: all its tensors have twice as many rows, those of the
 * second view behind those of the first. They live until the update is made.
 */
export function doubleBatches({ hooks, options, random }: Context, active: () => boolean): void {
  const made: Batch[] = [];
  hooks.batch.tap((batch, { mode, microBatch }) => {
    if (mode === 'evaluate' || !active()) return undefined;
    const { augment } = options;
    const doubled = tidy(() => {
      const views = augment
        ? [0, 1].map((view) => augment(batch.unaugmented ?? batch.inputs, random('view', microBatch, view)))
        : [batch.inputs, batch.inputs];
      const sides = Object.entries(batch).map(([name, value]) => [name, both(value, value)] as const);
      return { ...Object.fromEntries(sides), inputs: both(views[0], views[1]) } as never;
    }) as unknown as Batch;
    made.push(doubled);
    return doubled;
  });
  const free = () => {
    for (const batch of made.splice(0)) disposeBatch(batch);
  };
  hooks.update.after.tap(free);
  // Of a step that failed.
  hooks.step.end.tap(free);
}

/** Rows of one value, then those of the other, in tensors nested alike; what is no tensor with rows is as in the first. */
function both(one: unknown, other: unknown): unknown {
  if (one instanceof Tensor) return one.rank > 0 ? concat([one, other as Tensor], 0) : one.clone();
  if (Array.isArray(one)) return one.map((each, i) => both(each, (other as unknown[])[i]));
  if (one !== null && typeof one === 'object' && Object.getPrototypeOf(one) === Object.prototype) {
    return Object.fromEntries(
      Object.entries(one).map(([key, each]) => [key, both(each, (other as Record<string, unknown>)[key])]),
    );
  }
  return one;
}
