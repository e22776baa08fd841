import { randomStream } from '@tapgrad/core';
import { describe, expect, it } from 'vitest';
import { choose, herdingOrder, reservoirPlace } from './math.ts';

/** What a reservoir holds after a stream of numbers. */
function kept(size: number, items: number, seed: number): number[] {
  const random = randomStream(seed, 'reservoir');
  const held: number[] = [];
  for (let item = 0; item < items; item++) {
    const place = reservoirPlace(item, size, random);
    if (place !== undefined) held[place] = item;
  }
  return held;
}

describe('a reservoir', () => {
  it('of 3 keeps each of 10,000 items with the same frequency, over 2000 seeds', () => {
    const bins = 100;
    const counts = new Float64Array(bins);
    const [size, items, seeds] = [3, 10_000, 2000];
    for (let seed = 0; seed < seeds; seed++) {
      for (const item of kept(size, items, seed)) counts[Math.floor((item * bins) / items)]! += 1;
    }
    const expected = (seeds * size) / bins;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 99.9th percentile at 99 degrees of freedom: 148.2; the 0.1th: 60.9 would be too even to be random.
    expect(chiSquare).toBeLessThan(148.2);
    expect(chiSquare).toBeGreaterThan(60.9);
  });

  it('of 3 keeps the first, a middle and the last of 20 items equally often', () => {
    const counts = new Float64Array(20);
    for (let seed = 0; seed < 4000; seed++) for (const item of kept(3, 20, seed)) counts[item]! += 1;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 600) ** 2 / 600, 0);
    // 99.9th percentile at 19 degrees of freedom.
    expect(chiSquare).toBeLessThan(43.8);
  });

  it('is the same for the same seed, and another for another', () => {
    expect(kept(5, 500, 1)).toEqual(kept(5, 500, 1));
    expect(kept(5, 500, 1)).not.toEqual(kept(5, 500, 2));
  });

  it('keeps the first items where they come until it is full', () => {
    expect(kept(4, 4, 0)).toEqual([0, 1, 2, 3]);
  });
});

describe('choosing', () => {
  it('takes each at most once, and all if there are fewer', () => {
    const chosen = choose(10, 4, randomStream(1));
    expect(new Set(chosen).size).toBe(4);
    expect(choose(3, 8, randomStream(1)).sort()).toEqual([0, 1, 2]);
  });
});

describe('herding', () => {
  it('takes first what is nearest to the mean, then what brings the running mean nearest', () => {
    // Their mean points to 45.3 degrees.
    const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const features = [at(0), at(90), at(31), at(60)];
    expect(herdingOrder(features, 2)).toEqual([2, 3]);
  });

  it('sees directions only, and takes all if there are fewer', () => {
    const features = [
      [1, 0.2],
      [0, 5],
      [3, 3],
    ];
    const longer = [
      [10, 2],
      [0, 0.5],
      [0.1, 0.1],
    ];
    expect(herdingOrder(features, 3)).toEqual(herdingOrder(longer, 3));
    expect(herdingOrder(features, 9)).toHaveLength(3);
  });

  it('brings the mean nearer than the first samples of the stream do', () => {
    const features = Array.from({ length: 200 }, (_, i) => randomStream(i, 'features').normal(8, 1));
    const unit = features.map((vector) => {
      const length = Math.hypot(...vector);
      return [...vector].map((value) => value / length);
    });
    const meanOf = (places: readonly number[]) =>
      Array.from({ length: 8 }, (_, i) => places.reduce((sum, place) => sum + unit[place]![i]!, 0) / places.length);
    const all = meanOf([...unit.keys()]);
    const distance = (places: readonly number[]) => Math.hypot(...meanOf(places).map((value, i) => value - all[i]!));
    const order = herdingOrder(features, 20);
    expect(distance(order)).toBeLessThan(0.2 * distance([...Array(20).keys()]));
  });
});
