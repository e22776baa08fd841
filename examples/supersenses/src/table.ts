import { memoryCategories } from '@tapgrad/core';
import Table from 'cli-table3';
import type { MethodResult, RunResult } from './results.ts';

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** Column heads of the comparison, shared by the terminal and the page. Bytes are in MB (10^6). */
export const header = ['method', 'trains', 'peak MB', ...memoryCategories, 'step ms', 'accuracy'] as const;

/** One method's cells, in the order of `header`. */
export function row({
  name,
  trainableParameters,
  peakBytes,
  peakByCategory,
  stepMs,
  accuracy,
}: MethodResult): string[] {
  return [
    name,
    trainableParameters.toLocaleString('en'),
    megabytes(peakBytes),
    ...memoryCategories.map((category) => megabytes(peakByCategory[category] ?? 0)),
    stepMs.toFixed(0),
    `${(accuracy * 100).toFixed(1)} %`,
  ];
}

/** The comparison as text. */
export function table(run: RunResult): string {
  const grid = new Table({
    head: [...header],
    style: { head: [], border: [] },
    colAligns: header.map((_, index) => (index ? 'right' : 'left')),
  });
  for (const method of run.methods) grid.push(row(method));
  const baseline = `majority class: ${(run.majorityAccuracy * 100).toFixed(1)} %  (${run.testSize} test sentences, ${run.classes} classes)`;
  return `${grid.toString()}\n${baseline}`;
}
