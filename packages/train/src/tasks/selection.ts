import { type Batch, disposeBatch, randomStream } from '@tapgrad/core';
import { dispose, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { BatchSource } from '../data/batch-source.ts';
import { batchCount, batchIndices, checkBatching, orderOf } from '../data/batching.ts';
import { type Transform, transformed } from './domain-transforms.ts';
import type { LabelledData } from './labelled-data.ts';
import type { TaskBatchingOptions } from './task-stream.ts';

/** Samples of some data, each with its target and its task. */
export interface Selection {
  readonly data: LabelledData;
  readonly indices: Int32Array;
  readonly targets: Int32Array;
  readonly tasks: Int32Array;
  /** What becomes of the inputs, by task. */
  readonly transforms?: readonly Transform[] | undefined;
}

/** All samples of several selections of the same data. */
export function joined(selections: readonly Selection[]): Selection {
  const [first] = selections as readonly [Selection];
  const all = (key: 'indices' | 'targets' | 'tasks') =>
    Int32Array.from(selections.flatMap((selection) => [...selection[key]]));
  return { ...first, indices: all('indices'), targets: all('targets'), tasks: all('tasks') };
}

/**
 * @param name says which samples they are
 * @throws TapgradError BAD_OPTION
 */
export function selectionBatches(selection: Selection, options: TaskBatchingOptions, name: string): BatchSource {
  checkBatching(options);
  const size = selection.indices.length;
  return {
    length: batchCount(size, options),
    order: `${name}: ${orderOf(size, options)}`,
    fresh: true,
    async *batches(epoch, from = 0) {
      let number = from;
      for (const places of batchIndices(size, options, epoch, from)) {
        yield augmented(await batchOf(selection, places), options, [epoch, number++]);
      }
    },
  };
}

function augmented(batch: Batch, { augment, seed = 0 }: TaskBatchingOptions, at: readonly number[]): Batch {
  if (!augment) return batch;
  const random = randomStream(seed, 'augment', ...at);
  let inputs: Batch['inputs'];
  try {
    inputs = tidy(() => augment(batch.inputs, random) as never);
  } catch (thrown) {
    disposeBatch(batch);
    throw thrown;
  }
  if (inputs === batch.inputs) return batch;
  // What the data itself augmented before is the view of this one.
  if (batch.unaugmented !== undefined) dispose(batch.inputs as never);
  return { ...batch, inputs, unaugmented: batch.unaugmented ?? batch.inputs };
}

/** All samples once, in order, and as they were before the data augmented them. */
export async function* plainBatches(selection: Selection, batchSize: number): AsyncGenerator<Batch> {
  for await (const batch of selectionBatches(selection, { batchSize }, '').batches(0)) {
    const { inputs, unaugmented, ...rest } = batch;
    if (unaugmented !== undefined) dispose(inputs as never);
    yield { inputs: (unaugmented as Batch['inputs'] | undefined) ?? inputs, ...rest };
  }
}

async function batchOf(selection: Selection, places: Int32Array): Promise<Batch> {
  const { data, indices, targets, tasks, transforms } = selection;
  const at = (values: Int32Array) => places.map((place) => values[place] as number);
  const own = at(tasks);
  // A collating function may make targets too; those of the stream count.
  const { targets: _, tasks: __, ...rows } = await data.rows(at(indices));
  dispose([_, __] as never);
  const given = transforms ? transformed(rows as Batch, own, transforms) : rows;
  return { ...(given as Batch), targets: tensor1d(at(targets), 'int32'), tasks: tensor1d(own, 'int32') };
}
