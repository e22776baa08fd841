import { AccuracyMatrix } from '@tapgrad/train';
import type { StreamRun } from './run-stream.ts';

export interface SeedRow {
  readonly transfer: number;
  readonly average: number;
  readonly last: number;
  /** In the order in which they were learned. */
  readonly tasks: readonly string[];
  /** Accuracy on each task before the first one. */
  readonly before: readonly number[];
  /** Accuracy on task i after task j: row j, column i. */
  readonly matrix: readonly (readonly number[])[];
}

/** What a method came to: means over the seeds, and every seed by itself. */
export interface TransferRow {
  readonly method: string;
  readonly transfer: number;
  readonly average: number;
  readonly last: number;
  readonly stepMs: number;
  readonly seeds: readonly SeedRow[];
}

/** Transfer as a share of the zero-shot model's, of CLIP ViT-B/16 on MTIL in its first order (Zheng et al. 2023). */
export const published: Readonly<Record<string, number>> = {
  'zero-shot': 1,
  'fine-tune': 44.6 / 69.4,
  lwf: 56.9 / 69.4,
  wise: 52.3 / 69.4,
  'zscl*': 62.2 / 69.4,
  zscl: 68.1 / 69.4,
};

export function transferRow(method: string, runs: readonly StreamRun[]): TransferRow {
  const seeds = runs.map(({ tasks, before, rows }) => {
    const { transfer, average, last } = new AccuracyMatrix({ tasks, rows });
    return { transfer: transfer ?? 0, average: average ?? 0, last: last ?? 0, tasks, before, matrix: rows };
  });
  const over = (key: 'transfer' | 'average' | 'last') => mean(seeds.map((each) => each[key]));
  return {
    method,
    transfer: over('transfer'),
    average: over('average'),
    last: over('last'),
    stepMs: mean(runs.map(({ stepMs }) => stepMs)),
    seeds,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
