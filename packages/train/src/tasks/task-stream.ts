import type { Batch, RandomStream, Task } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchSource } from '../data/batch-source.ts';
import type { BatchingOptions } from '../data/batching.ts';

/**
 * What is known, and what must be told apart, at test: `class`: all classes seen so far; `task`: those of the sample's
 * task, which is known; `domain`: the same classes in every task, whose inputs differ (van de Ven and Tolias 2019).
 */
export type Scenario = 'class' | 'task' | 'domain';

export interface TaskBatchingOptions extends BatchingOptions {
  /**
   * Another view of a batch's inputs: new tensors. The inputs before stay in the batch as `unaugmented`, which is what
   * memories store. All randomness must come from the stream it is given, so that a resumed run sees the same.
   */
  augment?(inputs: Batch['inputs'], random: RandomStream): Batch['inputs'];
}

/** One task of a stream, with its data. Every batch has `targets` and `tasks`, both int32 `[batch]`. */
export interface StreamTask extends Task {
  readonly count: number;
  readonly classNames: readonly string[];
  /** Samples to train on, to test on, and to choose options by. */
  readonly samples: { readonly train: number; readonly test: number; readonly validation: number };
  /** What a model learns from; shuffled if `batching` says so. */
  train(batching: TaskBatchingOptions): BatchSource;
  /** What is measured when all is decided. `batchSize` is 256 where it is not given. */
  test(batchSize?: number): BatchSource;
  /** Held back from training to choose options by; only where the stream has a share for it. */
  validation?(batchSize?: number): BatchSource;
}

/** Tasks that a model learns one after the other. Labels are numbers of output columns, in the order of their arrival. */
export interface TaskStream {
  readonly scenario: Scenario;
  readonly tasks: readonly StreamTask[];
  /** Output columns in all. */
  readonly classes: number;
  /** Name of each column. */
  readonly classNames: readonly string[];
  /** The label in the data that each column stands for; in a domain stream the mapped label. */
  readonly labels: readonly number[];
  /**
   * Logits `[batch, columns]` in which columns that cannot be the answer are lowered by 1e9: in a task-incremental stream
   * those of tasks other than the sample's, by the side data `tasks`; in others none. A head that still grows may have fewer
   * columns than the stream has classes.
   * @throws TapgradError TASKS_MISSING where a batch does not say of which tasks its samples are, SHAPE_MISMATCH
   */
  restrict(logits: Tensor, batch: Batch): Tensor;
  /** The first `count` tasks, by default all, as one: learned together they give the upper bound. */
  joint(count?: number): TaskStream;
}
