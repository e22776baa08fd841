import { type Batch, type LossContext, type Module, type PluginContext, TapgradError, untaped } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { logitsOf } from '../base/logits.ts';
import { rowsOf } from '../memory/leaves.ts';
import { type Augment, argumentsOf, drawReplay } from '../memory/replay.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import { storedLogitsError } from './math.ts';

/** Under which name the memory keeps logits. */
const storedLogits = 'logits';

/** Asks the model's memory to keep logits; gives a function that takes the request back. */
export function keepLogits(model: Module<never, unknown>): () => void {
  return memoryOf(model)?.keepSide(storedLogits, ({ outputs }) => logitsOf(outputs)) ?? (() => {});
}

/** A batch of the memory and what the model makes of it now, by another forward on the step's tape. */
export interface Replayed {
  readonly batch: Batch;
  readonly outputs: unknown;
}

export interface ReplayOptions {
  readonly batchSize?: number | undefined;
  readonly augment?: Augment | undefined;
}

export function replay(
  { model, random }: Pick<PluginContext<unknown>, 'model' | 'random'>,
  context: LossContext,
  { batchSize, augment }: ReplayOptions,
  draw = 0,
): Replayed | undefined {
  const count = batchSize ?? rowsOf(context.batch);
  const stream = random('replay', context.microBatch, draw);
  const batch = untaped(() => drawReplay(model, count, stream, augment));
  return batch && { batch, outputs: context.forward(...argumentsOf(batch)) };
}

/**
 * How far logits are from those that were stored.
 * @throws TapgradError REPLAY_LOGITS if samples have none
 */
export function distanceToStored({ batch, outputs }: Replayed): Tensor {
  const stored = batch[storedLogits] as Tensor | undefined;
  if (stored) return storedLogitsError(logitsOf(outputs), stored, batch[`${storedLogits}:mask`] as Tensor | undefined);
  throw new TapgradError({
    code: 'REPLAY_LOGITS',
    message: 'samples of the memory have no logits',
    fix: 'attach the plugin before the memory has samples, and load states that were saved with it',
  });
}
