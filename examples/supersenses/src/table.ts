import { memoryCategories } from '@tapgrad/core';
import Table from 'cli-table3';
import type { RunResult } from './results.ts';

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
const leastShown = 50_000;

/** The comparison as head and rows of text, shared by the terminal and the page. Memory is in MB (10^6 bytes). */
export function comparison({ methods }: RunResult): { head: readonly string[]; rows: readonly (readonly string[])[] } {
  const categories = memoryCategories.filter((name) =>
    methods.some(({ peakByCategory }) => (peakByCategory[name] ?? 0) >= leastShown),
  );
  return {
    head: ['method', 'accuracy', 'trains', 'step ms', 'peak MB', ...categories],
    rows: methods.map((method) => [
      method.name,
      `${(method.accuracy * 100).toFixed(1)} %`,
      method.trainableParameters.toLocaleString('en'),
      method.stepMs.toFixed(0),
      megabytes(method.peakBytes),
      ...categories.map((category) => megabytes(method.peakByCategory[category] ?? 0)),
    ]),
  };
}

/** The comparison for the terminal, with the baseline. */
export function table(run: RunResult): string {
  const { head, rows } = comparison(run);
  const grid = new Table({
    head: [...head],
    style: { head: [], border: [] },
    colAligns: head.map((_, index) => (index ? 'right' : 'left')),
  });
  grid.push(...rows.map((row) => [...row]));
  const baseline = `majority class: ${(run.majorityAccuracy * 100).toFixed(1)} %  (${run.testSize} test sentences, ${run.classes} classes)`;
  return `${grid.toString()}\n${baseline}`;
}
