import type { Batch, Module, RandomStream } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';
import * as v from 'valibot';
import { memoryOf } from './replay-memory.ts';

/** Changes replayed inputs as a data source's own augmentation would; the numbers it draws come from the stream. */
export type Augment = (inputs: Batch['inputs'], random: RandomStream) => Batch['inputs'];

/** Samples of the memory in one replayed batch; 0 replays nothing. Default: as many as the batch of the step has. */
export const replayCount = v.optional(v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(0)));
/** Fresh augmentation of replayed inputs. Default: none. */
export const augment = v.optional(v.custom<Augment>((value) => typeof value === 'function'));
export const coefficient = (initial: number) => v.optional(v.pipe(v.number(), v.minValue(0)), initial);

/** Checkpoints list a plugin's options; a function does not belong there. */
export function withoutFunctions<O extends object>(options: O): O {
  if ('augment' in options) Object.defineProperty(options, 'augment', { enumerable: false });
  return options;
}

/**
 * A batch of the model's memory; undefined while it is empty, disabled or detached. The tensors belong to the caller's scope,
 * or are the caller's to dispose.
 */
export function drawReplay(
  model: Module<never, unknown>,
  count: number,
  random: RandomStream,
  change?: Augment,
): Batch | undefined {
  const batch = memoryOf(model)?.draw(count, random);
  return batch && change ? { ...batch, inputs: change(batch.inputs, random) } : batch;
}

/** What a model's forward is called with. */
export function argumentsOf({ inputs }: Batch): readonly unknown[] {
  return inputs instanceof Tensor ? [inputs] : inputs;
}
