import { type MemorySample, memoryCategories } from '@tapgrad/core';
import type { MemoryTrace } from './results.ts';

const leastShown = 50_000;

/** The ledger's samples as rows to plot; categories that held next to nothing are left out. */
export function memoryTrace(samples: readonly MemorySample[]): MemoryTrace {
  const start = samples[0]?.time ?? 0;
  const categories = memoryCategories.filter((name) =>
    samples.some(({ categories }) => categories[name] >= leastShown),
  );
  return {
    categories,
    milliseconds: samples.map(({ time }) => time - start),
    bytes: categories.map((name) => samples.map((sample) => sample.categories[name])),
  };
}
