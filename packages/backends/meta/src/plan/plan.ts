import { attach, type Batch, type Module, type Optimizer, type Plugin } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { defaultLoss } from './default-loss.ts';
import { type BatchDescription, madeBatch } from './described-batch.ts';
import { onMeta } from './on-meta.ts';
import { type StepMemory, stepMemory } from './step-memory.ts';
import { withoutData } from './without-data.ts';

export interface PlanOptions<Outputs> {
  /** Default: cross-entropy for integer targets, the mean square of the difference for others. */
  loss?(outputs: Outputs, batch: Batch): Tensor;
  /** Makes the optimizer whose state counts, for example `() => adamw({ learningRate: 1e-3 })`. Default: none, no state. */
  readonly optimizer?: () => Optimizer;
  /** As for `attach`. */
  readonly derivedSlots?: boolean;
  readonly seed?: number;
}

/**
 * What one training step of a model with plugins will hold, to the byte, without computing or loading anything: the step
 * runs on shapes alone. The model may have no weights yet, or live on another backend; model, plugins, batch and
 * the chosen backend are afterwards as they were. Until the promise is settled no other op should run.
 *
 * @param batch tensors, or `{ shape, dtype }` in their place
 * @throws what `attach` or the step throws: a plugin that does not fit is refused here, too; `META_NO_DATA` where a shape
 * depends on values; `PLAN_LOSS` where the default loss does not fit
 */
export function plan<Outputs>(
  model: Module<never, Outputs>,
  plugins: readonly (Plugin | readonly Plugin[])[],
  batch: BatchDescription,
  options: PlanOptions<Outputs> = {},
): Promise<StepMemory> {
  const { loss = defaultLoss, optimizer: makeOptimizer = noOptimizer, ...rest } = options;
  return onMeta(async () => {
    const undo: (() => void)[] = [];
    try {
      undo.push(withoutData(model));
      const made = madeBatch(batch);
      undo.push(() => made.dispose());
      const optimizer = makeOptimizer();
      undo.push(() => optimizer.dispose());
      const stack = attach(model, plugins, { ...rest, loss, optimizer });
      undo.push(() => stack.detach());
      return await stepMemory(stack, made.batch);
    } finally {
      all(undo.reverse());
    }
  });
}

/** Calls every function; the first error is thrown after the last. */
function all(functions: readonly (() => void)[]): void {
  const errors: unknown[] = [];
  for (const each of functions) {
    try {
      each();
    } catch (thrown) {
      errors.push(thrown);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Leaves parameters as they are. */
function noOptimizer(): Optimizer {
  const nothing = () => {};
  return {
    learningRate: 0,
    step: nothing,
    state: () => new Map(),
    counters: () => ({}),
    loadState: nothing,
    dispose: nothing,
  };
}
