import type { RandomStream } from '@tapgrad/core';
import { reservoirPlace } from './math.ts';
import type { CheckedMemoryOptions } from './options.ts';

/** What is known of a stored sample beside its tensors. */
export interface SampleInfo {
  /** Its class, where the memory read it. */
  readonly label?: number;
  /** Number of the sample in the order in which they came. */
  readonly order: number;
  /** Class of a task whose best samples were chosen, and its place among them. */
  readonly group?: string;
  readonly rank?: number;
}

/** What is stored when another sample comes. */
export interface StoredSamples {
  readonly samples: readonly SampleInfo[];
  /** Of each class that has a sample its places, ascending. */
  readonly placesByClass: ReadonlyMap<number, readonly number[]>;
}

/** Decides which samples of a stream are kept. */
export interface Policy {
  /** Whether it asks for the class of each sample. */
  readonly byClass: boolean;
  /** The place of the next sample, at most `stored.samples.length`; undefined if it is not kept. */
  place(stored: StoredSamples, capacity: number, label: number | undefined, random: RandomStream): number | undefined;
  json(): unknown;
  load(json: unknown): void;
}

/** Every sample so far is kept with the same probability. */
export class Reservoir implements Policy {
  readonly byClass = false;
  private seen = 0;

  place({ samples }: StoredSamples, capacity: number, _label: number | undefined, random: RandomStream) {
    const place = reservoirPlace(this.seen++, capacity, random);
    // A memory that was emptied in between fills up from its end.
    return place === undefined ? undefined : Math.min(place, samples.length);
  }

  json(): unknown {
    return { seen: this.seen };
  }

  load(json: unknown): void {
    this.seen = (json as { seen: number }).seen;
  }
}

/**
 * Equal shares of all classes seen (CBRS, Chrysakis and Moens 2020, algorithm 1): a class that never was the largest takes places
 * of the largest; another replaces its own samples, so that each of them is kept with the same probability.
 */
export class ClassBalanced implements Policy {
  readonly byClass = true;
  private seen = new Map<number, number>();
  private full = new Set<number>();

  constructor(private readonly replacement: CheckedMemoryOptions['replacement']) {}

  place(
    { samples, placesByClass: places }: StoredSamples,
    capacity: number,
    label: number | undefined,
    random: RandomStream,
  ) {
    const own = label as number;
    const index = this.seen.get(own) ?? 0;
    this.seen.set(own, index + 1);
    if (samples.length < capacity) return samples.length;
    const most = Math.max(...[...places.values()].map(({ length }) => length));
    for (const [each, { length }] of places) if (length === most) this.full.add(each);
    if (!this.full.has(own)) {
      const largest = [...places].filter(([, { length }]) => length === most).map(([each]) => each);
      return this.victim(samples, places.get(Math.min(...largest)) as number[], random);
    }
    const mine = places.get(own) ?? [];
    if (this.replacement === 'oldest') return mine.length > 0 ? this.victim(samples, mine, random) : undefined;
    const place = random.integer(index + 1);
    return place < mine.length ? mine[place] : undefined;
  }

  private victim(samples: readonly SampleInfo[], places: readonly number[], random: RandomStream): number {
    if (this.replacement === 'random') return places[random.integer(places.length)] as number;
    const orderOf = (place: number) => (samples[place] as SampleInfo).order;
    return places.reduce((oldest, place) => (orderOf(place) < orderOf(oldest) ? place : oldest));
  }

  json(): unknown {
    return { seen: [...this.seen], full: [...this.full] };
  }

  load(json: unknown): void {
    const { seen, full } = json as { seen: [number, number][]; full: number[] };
    this.seen = new Map(seen);
    this.full = new Set(full);
  }
}
