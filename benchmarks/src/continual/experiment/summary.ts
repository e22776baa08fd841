import type { Report } from '../../report.ts';
import { type Row, type RunResult, type Spread, spread } from './rows.ts';

/** The table of all rows, losers too, in the order in which they were measured. */
export function summarize(experiment: string, about: string, rows: readonly Row[]): Report {
  const figures: Record<string, number> = {};
  for (const row of rows) {
    const accuracy = spread(row, (run) => run.averageAccuracy);
    if (accuracy) figures[`${row.method} ${row.model} ${row.scenario}`] = accuracy.mean;
  }
  return {
    title: about,
    columns: ['method', 'model', 'scenario', 'accuracy', 'forgetting', 'when learnt', 'seeds', 'ms', 'settings'],
    rows: rows.map((row) => {
      const shown = (figure: (run: RunResult) => number | undefined) => percent(spread(row, figure));
      return [
        row.method,
        row.model,
        row.scenario,
        shown((run) => run.averageAccuracy),
        shown((run) => run.forgetting),
        shown((run) => run.learningAccuracy),
        Object.keys(row.runs).join(' '),
        (spread(row, (run) => run.stepMs)?.mean ?? Number.NaN).toFixed(1),
        row.settings,
      ];
    }),
    figures,
    raw: { experiment, about, rows },
  };
}

/** `57.7 ± 1.2`; a dash for what does not exist. */
function percent(figure: Spread | undefined): string {
  if (!figure) return '-';
  const mean = (100 * figure.mean).toFixed(1);
  return figure.deviation === undefined ? mean : `${mean} ± ${(100 * figure.deviation).toFixed(1)}`;
}
