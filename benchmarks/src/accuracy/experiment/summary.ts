import { existsSync, readFileSync } from 'node:fs';
import type { Report } from '../../report.ts';
import type { Row } from './compare.ts';

export interface Summary {
  readonly experiment: string;
  /** Data, model and protocol in a sentence or two. */
  readonly about: string;
  readonly seeds: readonly number[];
  readonly rows: readonly Row[];
  /** A result file whose rows of other methods are kept. */
  readonly addTo?: string | undefined;
}

/** A row with what repeats it. */
type PublishedRow = Row & { readonly seeds: readonly number[]; readonly command: string };

/** The report of an experiment: all methods, losers too, in the order in which they ran. */
export function summarize({ experiment, about, seeds, rows, addTo }: Summary): Report {
  const command = `npm run bench accuracy -- ${process.argv.slice(3).join(' ')}`;
  const measured: PublishedRow[] = rows.map((row) => ({ ...row, seeds, command }));
  const fresh = new Set(rows.map(({ method }) => method));
  const kept = addTo && existsSync(addTo) ? publishedRows(addTo).filter(({ method }) => !fresh.has(method)) : [];
  const all = [...kept, ...measured];
  const full = all.find(({ method }) => method === 'full');
  return {
    title: about,
    columns: ['method', 'accuracy', 'seeds', 'trains', 'peak MB', 'of full', 'saved MB', 'step ms', 'rate'],
    rows: all.map((row) => [
      row.method,
      `${(100 * row.accuracy).toFixed(1)} %`,
      Object.values(row.accuracies)
        .map((value) => (100 * value).toFixed(1))
        .join(' '),
      row.trainableParameters.toLocaleString('en'),
      (row.peakBytes / 1e6).toFixed(1),
      full ? (row.peakBytes / full.peakBytes).toFixed(2) : '',
      (row.savedBytes / 1e6).toFixed(2),
      row.stepMs.toFixed(0),
      String(row.learningRate ?? ''),
    ]),
    figures: Object.fromEntries(all.map(({ method, accuracy }) => [method, accuracy])),
    raw: { experiment, about, rows: all },
  };
}

function publishedRows(file: string): PublishedRow[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { rows: PublishedRow[] }).rows;
}
