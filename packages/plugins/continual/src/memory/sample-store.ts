import { type Batch, type RandomStream, untaped } from '@tapgrad/core';
import { fill, type Tensor, tidy, util } from '@tensorflow/tfjs-core';
import { batchFrom } from './leaves.ts';
import { PlacesByClass } from './places-by-class.ts';
import type { SampleInfo } from './policies.ts';
import { joinRows, largest, padded } from './rows.ts';

/** One stored sample: its tensors `[1, …]` by their place in a batch. */
export interface Sample extends SampleInfo {
  readonly leaves: ReadonlyMap<string, Tensor>;
}

/** Samples with one tensor for each leaf; those that leave are freed. */
export class SampleStore {
  private readonly stored: Sample[] = [];
  private readonly byClass = new PlacesByClass();
  private held = 0;

  /** @param padding fills up int32 values of different lengths, other values get 0 */
  constructor(readonly padding: number) {}

  get samples(): readonly Sample[] {
    return this.stored;
  }

  /** Of each class that has a sample its places, ascending. */
  get placesByClass(): ReadonlyMap<number, readonly number[]> {
    return this.byClass.all;
  }

  get bytes(): number {
    return this.held;
  }

  /** Puts a sample in place of another, or behind the last; its tensors belong to the store from now on. */
  put(place: number, sample: Sample): void {
    const before = this.stored[place];
    if (before) this.byClass.remove(before.label, place);
    this.stored[place] = sample;
    this.byClass.add(sample.label, place);
    this.held += bytesOf(sample);
    if (before) this.free(before);
  }

  /** The last sample takes the place of the one that leaves. */
  remove(place: number): void {
    const last = this.stored.pop() as Sample;
    this.byClass.remove(last.label, this.stored.length);
    const gone = this.stored[place];
    if (gone) {
      this.byClass.remove(gone.label, place);
      this.stored[place] = last;
      this.byClass.add(last.label, place);
    }
    this.free(gone ?? last);
  }

  /** Keeps those of which it is true, in their order. */
  keepOnly(stays: (sample: Sample) => boolean): void {
    const all = this.stored.splice(0);
    this.byClass.clear();
    for (const sample of all) {
      if (stays(sample)) this.byClass.add(sample.label, this.stored.push(sample) - 1);
      else this.free(sample);
    }
  }

  clear(): void {
    this.keepOnly(() => false);
  }

  /**
   * The samples at these places as a batch of new tensors, with what all of them have. Values named in `sides` that differ in
   * length, as logits of a head that grew do, come with `<name>:mask`, 1 where a sample has a value.
   */
  batch(places: readonly number[], sides: ReadonlySet<string>): Batch {
    const chosen = places.map((place) => this.stored[place] as Sample);
    const [first, ...others] = chosen;
    const paths = [...(first?.leaves.keys() ?? [])].filter((path) => others.every(({ leaves }) => leaves.has(path)));
    return untaped(() =>
      tidy(() => {
        const leaves = new Map<string, Tensor>();
        const masks: Record<string, Tensor> = {};
        for (const path of paths) {
          const rows = chosen.map((sample) => sample.leaves.get(path) as Tensor);
          leaves.set(path, joinRows(rows, rows[0]?.dtype === 'int32' ? this.padding : 0));
          if (sides.has(path) && differ(rows)) masks[`${path}:mask`] = maskOf(rows);
        }
        return { ...batchFrom(leaves), ...masks } as never;
      }),
    ) as Batch;
  }

  /** All samples once, in batches. */
  *batches(batchSize: number, sides: ReadonlySet<string>, random?: RandomStream): Generator<Batch> {
    const order = random ? random.permutation(this.stored.length) : this.stored.map((_, i) => i);
    for (let from = 0; from < order.length; from += batchSize) {
      yield this.batch([...order.slice(from, from + batchSize)], sides);
    }
  }

  private free(sample: Sample): void {
    this.held -= bytesOf(sample);
    for (const tensor of sample.leaves.values()) tensor.dispose();
  }
}

function bytesOf({ leaves }: Sample): number {
  let bytes = 0;
  for (const { size, dtype } of leaves.values()) bytes += size * util.bytesPerElement(dtype);
  return bytes;
}

function differ(rows: readonly Tensor[]): boolean {
  return rows.some(({ shape }) => shape.join() !== rows[0]?.shape.join());
}

function maskOf(rows: readonly Tensor[]): Tensor {
  const sizes = largest(rows);
  const ones = rows.map((row) => padded(fill(row.shape, 1), sizes, 0));
  return joinRows(ones, 0);
}
