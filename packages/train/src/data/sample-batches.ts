import { type Batch, randomStream } from '@tapgrad/core';
import type { BatchSource } from './batch-source.ts';
import { type BatchingOptions, batchCount, batchIndices, checkBatching, orderOf } from './batching.ts';

/** Makes one batch of some samples: new tensors, which the trainer disposes. */
export type Collate<Sample> = (samples: readonly Sample[]) => Batch | Promise<Batch>;

/**
 * Batches from an array of samples of any kind.
 * @throws TapgradError BAD_OPTION
 */
export function sampleBatches<Sample>(
  samples: readonly Sample[],
  collate: Collate<Sample>,
  options: BatchingOptions,
): BatchSource {
  checkBatching(options);
  return {
    length: batchCount(samples.length, options),
    order: orderOf(samples.length, options),
    fresh: true,
    async *batches(epoch, from) {
      for (const indices of batchIndices(samples.length, options, epoch, from)) {
        yield await collate(Array.from(indices, (index) => samples[index] as Sample));
      }
    },
  };
}

export interface StreamOptions extends Omit<BatchingOptions, 'shuffle'> {
  /** Shuffle within a buffer of so many samples; default 0: the stream's own order. */
  readonly shuffleBuffer?: number;
}

/**
 * Batches from a stream of samples, opened anew for each epoch. To resume within an epoch the samples before are read
 * again and passed over.
 * @throws TapgradError BAD_OPTION
 */
export function streamBatches<Sample>(
  open: (epoch: number) => Iterable<Sample> | AsyncIterable<Sample>,
  collate: Collate<Sample>,
  options: StreamOptions,
): BatchSource {
  checkBatching(options);
  const { batchSize, shuffleBuffer = 0, seed = 0, dropLast = false } = options;
  return {
    length: undefined,
    order: `a stream in batches of ${batchSize}, shuffled in a buffer of ${shuffleBuffer} with seed ${seed}`,
    fresh: true,
    async *batches(epoch, from = 0) {
      let passed = from * batchSize;
      let samples: Sample[] = [];
      for await (const sample of shuffled(open(epoch), options, epoch)) {
        if (passed-- > 0) continue;
        samples.push(sample);
        if (samples.length < batchSize) continue;
        yield await collate(samples);
        samples = [];
      }
      if (samples.length > 0 && !dropLast) yield await collate(samples);
    },
  };
}

/** Each sample that comes in takes the place of a random one, which goes out. */
async function* shuffled<Sample>(
  stream: Iterable<Sample> | AsyncIterable<Sample>,
  { shuffleBuffer = 0, seed = 0 }: StreamOptions,
  epoch: number,
): AsyncGenerator<Sample> {
  const random = randomStream(seed, 'shuffle', epoch);
  const buffer: Sample[] = [];
  for await (const sample of stream) {
    if (buffer.length < shuffleBuffer) buffer.push(sample);
    else if (shuffleBuffer > 0) {
      const place = random.integer(shuffleBuffer);
      yield buffer[place] as Sample;
      buffer[place] = sample;
    } else yield sample;
  }
  for (const place of random.permutation(buffer.length)) yield buffer[place] as Sample;
}
