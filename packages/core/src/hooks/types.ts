import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tape } from '../tape/tape.ts';

/** One batch, or micro-batch. Plugins may add per-sample side data under names of their own. */
export interface Batch {
  /** Arguments of the model's forward; a lone tensor is one argument. */
  readonly inputs: Tensor | readonly unknown[];
  /** What the loss compares the output with. */
  readonly targets?: unknown;
  readonly [side: string]: unknown;
}

/** Loss terms by name; the term of the user's own loss is `task`. All are scalars, and they are summed. */
export type LossTerms = Readonly<Record<string, Tensor>>;

/** Gradients by parameter name, for example `layers.0.mlp.up.weight` or `ladder/side.0.weight`. */
export type GradientMap = ReadonlyMap<string, Tensor>;

export interface StepContext {
  /** Updates made so far. */
  readonly step: number;
  /** Number of this micro-batch within the step. */
  readonly microBatch: number;
  readonly microBatches: number;
  readonly mode: 'train' | 'evaluate';
}

export interface LossContext extends StepContext {
  readonly batch: Batch;
  /** What the model returned, after every plugin's taps. */
  readonly outputs: unknown;
  /** The tape that records; undefined in evaluation. */
  readonly tape: Tape | undefined;
  /** Another forward of the model in the same step, on the same tape. */
  forward(...inputs: unknown[]): unknown;
  /** The user's own loss of other outputs, for example of that forward. */
  taskLoss(outputs: unknown, batch: Batch): Tensor;
}

export interface GradientContext extends StepContext {
  /** Gradients of single loss terms, for those that a plugin asked to be kept apart. */
  readonly byTerm: ReadonlyMap<string, GradientMap>;
  /** Value of every loss term; summed over micro-batches at the step. Read them with `data()`. */
  readonly terms: LossTerms;
}

/** What stands in for backpropagation returns. Ownership of the tensors passes to the stack. */
export interface Differentiated {
  readonly terms: LossTerms;
  readonly gradients: GradientMap;
}

export interface BackwardContext extends StepContext {
  readonly batch: Batch;
  /** The loss terms of a forward without a tape. The caller disposes them. */
  evaluate(): LossTerms;
  /** Forward and backpropagation, as they would have been. The caller owns what comes back. */
  differentiate(): Promise<Differentiated>;
}

export interface UpdateContext extends StepContext {
  readonly gradients: GradientMap;
}

/** One task of a stream that a model learns one after the other. */
export interface Task {
  /** From 0. */
  readonly index: number;
  /** Tasks in the stream, where that is known. */
  readonly count?: number;
  readonly name: string;
  /** Labels that occur in it, as in its targets; a label is the number of an output column. */
  readonly classes: readonly number[];
  /** Names of `classes`, in their order. */
  readonly classNames?: readonly string[];
  /** Its training data once, in order and not augmented. The tensors of each batch are the caller's to dispose. */
  batches(batchSize?: number): Iterable<Batch> | AsyncIterable<Batch>;
}

/** What `begin` and `end` of the life cycle are told. */
export interface LifeCycleContext {
  readonly step: number;
  /** Number of the epoch or task, where there is one. */
  readonly index?: number;
  /** At the beginning and end of a task, and of its evaluation. */
  readonly task?: Task;
  /** Measured values, at the end of an evaluation or epoch. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly [detail: string]: unknown;
}

export const lifeCycles = ['train', 'epoch', 'task', 'step', 'evaluate'] as const;
export type LifeCycle = (typeof lifeCycles)[number];
