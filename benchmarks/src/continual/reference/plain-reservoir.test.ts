import { describe, expect, it } from 'vitest';
import { mulberry32, PlainReservoir } from './plain-reservoir.ts';

describe("the reference's reservoir", () => {
  it('keeps each of 100 images with the same chance', () => {
    const counts = new Array<number>(100).fill(0);
    const runs = 2000;
    for (let seed = 0; seed < runs; seed++) {
      const reservoir = new PlainReservoir(10, mulberry32(seed));
      for (let image = 0; image < 100; image++) reservoir.add(image);
      for (const image of reservoir.kept) counts[image]!++;
    }
    const expected = runs / 10;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / (expected * 0.9), 0);
    // 99 degrees of freedom: 148.2 is exceeded once in a thousand times.
    expect(chiSquare).toBeLessThan(148.2);
  });

  it('draws without replacement, all where there are fewer', () => {
    const reservoir = new PlainReservoir(5, mulberry32(1));
    expect(reservoir.draw(3)).toEqual([]);
    for (let image = 0; image < 4; image++) reservoir.add(image);
    expect(new Set(reservoir.draw(3)).size).toBe(3);
    expect(reservoir.draw(9).sort()).toEqual([0, 1, 2, 3]);
    expect(reservoir.kept).toHaveLength(4);
  });
});
