import { type MemorySample, memoryCategories } from '@tapgrad/core';
import type { MemoryTrace } from './results.ts';

/** The ledger's samples as rows to plot; categories that never held anything are left out. */
export function memoryTrace(samples: readonly MemorySample[]): MemoryTrace {
  const start = samples[0]?.time ?? 0;
  const categories = memoryCategories.filter((name) => samples.some((sample) => sample.categories[name] > 0));
  return {
    categories,
    milliseconds: samples.map(({ time }) => time - start),
    bytes: categories.map((name) => samples.map((sample) => sample.categories[name])),
  };
}
