import { expect, it } from 'vitest';
import { classAbove, classBelow, nextClass } from './size-classes.ts';

const sizes = [1, 15, 16, 17, 1023, 1024, 1025, 2047, 2048, 2049, 1e6, 2 ** 30 - 1, 2 ** 30, 2 ** 31 + 5, 2 ** 40 + 1];

it('a class holds what it is for, and little more', () => {
  for (const bytes of sizes) {
    const size = classAbove(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size - bytes).toBeLessThanOrEqual(Math.max(15, bytes / 31));
    expect(size % 4).toBe(0);
    expect(classAbove(size)).toBe(size);
    expect(classBelow(size)).toBe(size);
  }
});

it('classes follow each other without a gap', () => {
  let size = 16;
  for (let count = 0; count < 1000; count++) {
    const next = nextClass(size);
    expect(next).toBeGreaterThan(size);
    expect(classAbove(next)).toBe(next);
    expect(classBelow(next - 1)).toBe(size);
    size = next;
  }
});
