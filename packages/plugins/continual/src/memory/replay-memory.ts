import type { Batch, LossContext, Module, RandomStream } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Samples of earlier batches, as the plugin `memory` keeps them. Disabled or detached, it is empty. */
export interface ReplayMemory {
  readonly policy: 'reservoir' | 'class-balanced' | 'herding' | 'task-batch';
  /** Samples now. */
  readonly size: number;
  /** The most samples; with a budget in bytes 0 until the first sample says how many they are. */
  readonly capacity: number;
  /** Of all stored tensors now. */
  readonly bytes: number;
  /** What fills up token ids (int32) of different lengths. */
  readonly padding: number;
  /**
   * `count` samples without replacement, all if there are fewer: a batch of new tensors, with targets, tasks and side data;
   * undefined while empty. They belong to the caller's scope, or are the caller's to dispose.
   */
  draw(count: number, random: RandomStream): Batch | undefined;
  /** All of it once, in batches; shuffled if a stream is given. The caller disposes them. */
  batches(batchSize: number, random?: RandomStream): Iterable<Batch>;
  /**
   * Asks, in `apply`, that a value `[batch, …]` be kept of each sample, computed in the training forward in which it enters. A
   * name that was asked for already means the same; the value is kept until all that asked have withdrawn. Gives a function that
   * takes this request back.
   */
  keepSide(name: string, of: (context: LossContext) => Tensor): () => void;
}

type AnyModel = Module<never, unknown>;
const memories = new WeakMap<AnyModel, ReplayMemory>();

/** The memory of the stack that the model is attached to, if it has one that is not detached. */
export function memoryOf(model: AnyModel): ReplayMemory | undefined {
  return memories.get(model);
}

export function setMemory(model: AnyModel, memory: ReplayMemory | undefined): void {
  if (memory) memories.set(model, memory);
  else memories.delete(model);
}
