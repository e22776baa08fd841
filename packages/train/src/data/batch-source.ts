import { type Batch, disposeBatch, TapgradError } from '@tapgrad/core';

export type Batches = Iterable<Batch> | AsyncIterable<Batch>;

/** Batches that can be asked for by epoch and position, so that a run can be resumed within an epoch. */
export interface BatchSource {
  /** Batches in an epoch; undefined if nobody knows before the end. */
  readonly length: number | undefined;
  /** The source's tensors are made for each batch, and disposed by who asked for it. */
  readonly fresh: boolean;
  /** What decides which samples are in which batch; a run resumes within an epoch only where it is the same. */
  readonly order?: string;
  /** The batches of an epoch, from number `from` on. The same epoch gives the same batches each time. */
  batches(epoch: number, from?: number): Batches;
}

/**
 * What a trainer takes: a source; an array or other collection of batches, which remain the caller's; or a function that
 * opens the batches of an epoch, whose tensors are disposed after use.
 */
export type TrainingData = BatchSource | Batches | ((epoch: number) => Batches);

export function batchSource(data: TrainingData): BatchSource {
  if (typeof data === 'function') {
    return { length: undefined, fresh: true, batches: (epoch, from = 0) => skip(data(epoch), from, true) };
  }
  if ('batches' in data) return data;
  if (!(Symbol.iterator in data || Symbol.asyncIterator in data)) {
    throw new TapgradError({
      code: 'DATA_KIND',
      message: 'the data are neither batches nor a source of batches',
      fix: 'use tensorBatches({ inputs, targets }, { batchSize }), an array of batches, or a function that opens an epoch',
    });
  }
  const length = Array.isArray(data) ? data.length : undefined;
  const order = length === undefined ? undefined : `${length} batches`;
  return { length, ...(order && { order }), fresh: false, batches: (_, from = 0) => skip(data, from, false) };
}

/** The batches without the first `count`. */
async function* skip(batches: Batches, count: number, fresh: boolean): AsyncGenerator<Batch> {
  let index = 0;
  for await (const batch of batches) {
    if (index++ >= count) yield batch;
    else if (fresh) disposeBatch(batch);
  }
}
