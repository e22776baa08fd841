import { describe, expect, it } from 'vitest';
import { offloadable, usableBandwidth } from './math.ts';

const modules = (bytes: readonly number[], step = 1) =>
  bytes.map((each, i) => ({ path: `layers.${i}`, bytes: each, start: i * step }));

describe('adaptive plan', () => {
  it('lets everything leave that can come and go while the step computes', () => {
    // T = 4: the last of four modules has (30 + 2 · 10) / (12 − 6) = 8.33 bytes a second.
    expect(offloadable(modules([10, 10, 10, 10]), 4, 8.34)).toHaveLength(4);
    expect(offloadable(modules([10, 10, 10, 10]), 4, 8.33)).toHaveLength(3);
  });

  it('keeps the first module that would be late, and all behind it', () => {
    // (0 + 20) / 12 = 1.67, (10 + 200) / 10 = 21, (110 + 2) / 8 = 14.
    expect(offloadable(modules([10, 100, 1]), 4, 20)).toEqual(['layers.0']);
    expect(offloadable(modules([10, 100, 1]), 4, 21)).toHaveLength(3);
    expect(offloadable(modules([10, 100, 1]), 4, 1)).toEqual([]);
  });

  it('measures bandwidth in the time in which something moved', () => {
    expect(usableBandwidth(100, 4)).toBe(25);
    expect(offloadable(modules([10]), 1, usableBandwidth(10, 0))).toHaveLength(1);
  });
});
