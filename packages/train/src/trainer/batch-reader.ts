import { type Batch, disposeBatch } from '@tapgrad/core';
import { type Batches, type BatchSource, batchSource, type TrainingData } from '../data/batch-source.ts';

/** Takes batches out of an epoch, and never waits for one after an abort. */
export class BatchReader {
  /** Batches taken, those passed over at the beginning included. */
  position: number;
  private readonly iterator: Iterator<Batch> | AsyncIterator<Batch>;

  constructor(
    private readonly source: BatchSource,
    epoch: number,
    from: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.position = from;
    this.iterator = iteratorOf(source.batches(epoch, from));
  }

  /** The next `count` batches: fewer at the end of the epoch, none if the run was aborted. */
  async take(count: number): Promise<Batch[]> {
    const taken: Batch[] = [];
    try {
      while (taken.length < count && !this.signal?.aborted) {
        const next = await this.next();
        if (next.done) break;
        taken.push(next.value);
      }
    } catch (thrown) {
      this.release(taken);
      throw thrown;
    }
    if (this.signal?.aborted) this.release(taken.splice(0));
    this.position += taken.length;
    return taken;
  }

  /** Says that batches are done with. */
  release(batches: readonly Batch[]): void {
    if (this.source.fresh) for (const batch of batches) disposeBatch(batch);
  }

  /** Closes the source, without waiting for a batch that may never come. */
  close(): void {
    const closing = this.iterator.return?.();
    if (closing instanceof Promise) closing.catch(() => undefined);
  }

  private async next(): Promise<IteratorResult<Batch>> {
    const next = this.iterator.next();
    const { signal } = this;
    if (!(next instanceof Promise) || !signal) return next;
    let stop: (() => void) | undefined;
    const aborted = new Promise<'aborted'>((resolve) => {
      stop = () => resolve('aborted');
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      const first = await Promise.race([next, aborted]);
      if (first !== 'aborted') return first;
      next.then(({ done, value }) => !done && this.release([value])).catch(() => undefined);
      return { done: true, value: undefined };
    } finally {
      if (stop) signal.removeEventListener('abort', stop);
    }
  }
}

/** Batches for an evaluation: each is disposed when the next is asked for; they end at an abort. */
export async function* evaluationBatches(data: TrainingData, signal: AbortSignal | undefined): AsyncGenerator<Batch> {
  const reader = new BatchReader(batchSource(data), 0, 0, signal);
  try {
    for (;;) {
      const taken = await reader.take(1);
      const [batch] = taken;
      if (!batch) return;
      try {
        yield batch;
      } finally {
        reader.release(taken);
      }
    }
  } finally {
    reader.close();
  }
}

function iteratorOf(batches: Batches): Iterator<Batch> | AsyncIterator<Batch> {
  return Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
}
