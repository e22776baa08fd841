import Table from 'cli-table3';
import { metricAbouts } from './metrics.ts';
import type { RunResult } from './results.ts';

const figure = (share: number) => (share * 100).toFixed(1);

/** Accuracies on each task after a task, as one line under those of `matrixHead`; tasks not yet learnt in brackets. */
export function matrixRow(accuracy: readonly number[], trained: number): string {
  const seen = accuracy.slice(0, trained + 1);
  const cells = accuracy.map((share, task) => (task > trained ? `(${figure(share)})` : figure(share)));
  const mean = seen.length > 0 ? figure(seen.reduce((sum, share) => sum + share, 0) / seen.length) : '';
  const title = trained < 0 ? 'before' : `after task ${trained + 1}`;
  return [title.padEnd(titleWidth), ...[...cells, mean].map((cell) => cell.padStart(cellWidth))].join('').trimEnd();
}

const titleWidth = 14;
const cellWidth = 8;

export function matrixHead(tasks: number): string {
  const titles = [...Array.from({ length: tasks }, (_, task) => `task ${task + 1}`), 'seen'];
  return ['accuracy, %'.padEnd(titleWidth), ...titles.map((title) => title.padStart(cellWidth))].join('');
}

/** Metrics of a run that has ended, for the terminal. */
export function metricsTable({ metrics }: RunResult): string {
  const grid = new Table({ style: { head: [], border: [], compact: true }, colAligns: ['left', 'right', 'left'] });
  for (const [name, [title, about]] of Object.entries(metricAbouts)) {
    const value = metrics[name];
    if (value !== undefined) grid.push([title, value === null ? '-' : `${figure(value)} %`, about]);
  }
  return grid.toString();
}
