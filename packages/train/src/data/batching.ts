import { randomStream, TapgradError } from '@tapgrad/core';

export interface BatchingOptions {
  /** Samples in a batch; the last of an epoch may have fewer. */
  readonly batchSize: number;
  /** Another order in each epoch; default false. */
  readonly shuffle?: boolean;
  /** Of the order; default 0. */
  readonly seed?: number;
  /** Leave out a last batch that is not full; default false. */
  readonly dropLast?: boolean;
}

/** How many batches that gives. */
export function batchCount(samples: number, { batchSize, dropLast = false }: BatchingOptions): number {
  return dropLast ? Math.floor(samples / batchSize) : Math.ceil(samples / batchSize);
}

/** In words: what decides which samples are in which batch. */
export function orderOf(samples: number, options: BatchingOptions): string {
  const { batchSize, shuffle = false, seed = 0, dropLast = false } = options;
  const how = `${shuffle ? `shuffled with seed ${seed}` : 'in order'}${dropLast ? ', full batches only' : ''}`;
  return `${samples} samples in batches of ${batchSize}, ${how}`;
}

/** Indices of the samples of each batch of an epoch, from batch `from` on. The same seed and epoch give the same order. */
export function* batchIndices(
  samples: number,
  options: BatchingOptions,
  epoch: number,
  from = 0,
): Generator<Int32Array> {
  const { batchSize, shuffle = false, seed = 0 } = options;
  const order = shuffle
    ? randomStream(seed, 'shuffle', epoch).permutation(samples)
    : Int32Array.from({ length: samples }, (_, index) => index);
  const count = batchCount(samples, options);
  for (let batch = from; batch < count; batch++) yield order.slice(batch * batchSize, (batch + 1) * batchSize);
}

/** Throws BAD_OPTION for a batch size that is no positive whole number. */
export function checkBatching({ batchSize }: BatchingOptions): void {
  if (Number.isSafeInteger(batchSize) && batchSize > 0) return;
  throw new TapgradError({
    code: 'BAD_OPTION',
    message: `batchSize is ${batchSize}`,
    fix: 'give a whole number from 1',
  });
}
