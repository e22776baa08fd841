import { type Batch, disposeBatch } from '@tapgrad/core';
import { dispose, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type BatchSource, batchSource } from './batch-source.ts';
import { padTokens, sampleBatches, streamBatches, tensorBatches } from './index.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);
const collate = (samples: readonly number[]): Batch => ({ inputs: tensor([...samples], [samples.length]) });

/** What is in the batches of an epoch. */
async function contents(source: BatchSource, epoch = 0, from?: number): Promise<number[][]> {
  const found: number[][] = [];
  for await (const batch of source.batches(epoch, from)) {
    found.push([...(batch.inputs as Tensor).dataSync()]);
    if (source.fresh) disposeBatch(batch);
  }
  return found;
}

async function* later<T>(items: Iterable<T>) {
  for (const item of items) yield item;
}

describe('tensorBatches', () => {
  it('cuts inputs, targets and nested side data alike', async () => {
    const inputs = tensor(numbers(10), [5, 2]);
    const data = { inputs: [inputs, { deep: inputs }], targets: tensor(numbers(5), [5], 'int32'), note: 'kept' };
    const found: unknown[] = [];
    for (const batch of tensorBatches(data, { batchSize: 2 }).batches(0) as Iterable<Batch>) {
      const [first, second] = batch.inputs as [Tensor, { deep: Tensor }];
      expect((batch.targets as Tensor).dtype).toBe('int32');
      found.push([
        [...first.dataSync()],
        [...second.deep.dataSync()],
        [...(batch.targets as Tensor).dataSync()],
        batch.note,
      ]);
      disposeBatch(batch);
    }
    expect(found).toEqual([
      [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1], 'kept'],
      [[4, 5, 6, 7], [4, 5, 6, 7], [2, 3], 'kept'],
      [[8, 9], [8, 9], [4], 'kept'],
    ]);
    inputs.dispose();
    data.targets.dispose();
  });

  it('refuses tensors of different lengths, no samples, and a batch size that is none', () => {
    const [three, two] = [tensor([1, 2, 3]), tensor([1, 2])];
    const refused = (f: () => unknown, code: string) => expect(f).toThrow(expect.objectContaining({ code }));
    refused(() => tensorBatches({ inputs: three, targets: two }, { batchSize: 1 }), 'DATA_LENGTH');
    refused(() => tensorBatches({ inputs: [] }, { batchSize: 1 }), 'DATA_LENGTH');
    refused(() => tensorBatches({ inputs: three }, { batchSize: 0 }), 'BAD_OPTION');
    dispose([three, two]);
  });
});

describe('sampleBatches', () => {
  it('keeps the order, or shuffles it by seed and epoch, each sample once', async () => {
    const plain = sampleBatches(numbers(7), collate, { batchSize: 3 });
    expect(await contents(plain)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    const shuffled = (seed: number) => sampleBatches(numbers(7), collate, { batchSize: 3, shuffle: true, seed });
    const first = await contents(shuffled(1));
    expect(first.flat().sort()).toEqual(numbers(7));
    expect(await contents(shuffled(1))).toEqual(first);
    expect(await contents(shuffled(1), 1)).not.toEqual(first);
    expect(await contents(shuffled(2))).not.toEqual(first);
  });

  it('goes on from any batch of an epoch', async () => {
    const source = sampleBatches(numbers(7), collate, { batchSize: 2, shuffle: true });
    const whole = await contents(source, 3);
    for (const from of [1, 3, 4, 9]) expect(await contents(source, 3, from)).toEqual(whole.slice(from));
  });

  it('knows its length, with and without a last batch that is not full', async () => {
    const dropping = sampleBatches(numbers(7), collate, { batchSize: 2, dropLast: true });
    expect(dropping.length).toBe(3);
    expect(await contents(dropping)).toHaveLength(3);
    expect(sampleBatches(numbers(7), collate, { batchSize: 2 }).length).toBe(4);
  });
});

describe('streamBatches', () => {
  it('collates a stream, asynchronous or not, and goes on from any batch', async () => {
    for (const open of [() => numbers(5), () => later(numbers(5))]) {
      const source = streamBatches(open, collate, { batchSize: 2 });
      expect(await contents(source)).toEqual([[0, 1], [2, 3], [4]]);
      expect(await contents(source, 0, 1)).toEqual([[2, 3], [4]]);
      expect(await contents(streamBatches(open, collate, { batchSize: 2, dropLast: true }))).toHaveLength(2);
    }
  });

  it('shuffles within a buffer: each sample once, the same for the same seed and epoch', async () => {
    const source = streamBatches(() => numbers(50), collate, { batchSize: 8, shuffleBuffer: 10, seed: 4 });
    const whole = await contents(source, 2);
    expect(whole.flat().sort((a, b) => a - b)).toEqual(numbers(50));
    expect(whole.flat()).not.toEqual(numbers(50));
    expect(await contents(source, 2, 3)).toEqual(whole.slice(3));
    expect(await contents(source, 3)).not.toEqual(whole);
    // A sample cannot come out before it went in.
    for (const [place, sample] of whole.flat().entries()) expect(sample).toBeLessThanOrEqual(place + 10);
  });
});

describe('batchSource', () => {
  it('leaves the batches of an array alive, and disposes those that a function made and a resume passes over', async () => {
    const batches = [collate([1]), collate([2])];
    const listed = batchSource(batches);
    expect([listed.length, listed.fresh]).toEqual([2, false]);
    expect(await contents(listed, 0, 1)).toEqual([[2]]);
    expect(await contents(listed)).toEqual([[1], [2]]);
    dispose(batches as never);
    const opened = batchSource(() => later([1, 2, 3].map((each) => collate([each]))));
    expect(await contents(opened, 0, 2)).toEqual([[3]]);
  });

  it('refuses what is no data', () => {
    expect(() => batchSource({ inputs: 3 } as never)).toThrow(expect.objectContaining({ code: 'DATA_KIND' }));
  });
});

describe('padTokens', () => {
  it('fills to the longest, to a length or to a multiple, and says what is padding', () => {
    const cases: [Parameters<typeof padTokens>[1], number[], number[], number][] = [
      [{}, [5, 6, 7, 8, 0, 0], [1, 1, 1, 1, 0, 0], 3],
      [{ padding: 9, length: 2 }, [5, 6, 8, 9], [1, 1, 1, 0], 2],
      [{ multipleOf: 4 }, [5, 6, 7, 0, 8, 0, 0, 0], [1, 1, 1, 0, 1, 0, 0, 0], 4],
    ];
    for (const [options, ids, mask, width] of cases) {
      const padded = padTokens([[5, 6, 7], Int32Array.of(8)], options);
      expect(padded.ids.shape).toEqual([2, width]);
      expect(padded.ids.dtype).toBe('int32');
      expect([...padded.ids.dataSync()]).toEqual(ids);
      expect([...padded.mask.dataSync()]).toEqual(mask);
      dispose([padded.ids, padded.mask]);
    }
    expect(() => padTokens([])).toThrow(expect.objectContaining({ code: 'DATA_LENGTH' }));
  });
});
