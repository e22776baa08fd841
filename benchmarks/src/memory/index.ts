import type { Report } from '../report.ts';
import { headlineFigures, headlineRows, headlineTargets } from './headlines/index.ts';
import type { MemoryRow } from './rows.ts';
import { smallRows } from './small.ts';

/**
 * What each method holds in a training step with AdamW, against full fine-tuning of the same network: small networks measured
 * on wasm, and those of the papers planned on shapes alone.
 */
export async function memory({ rounds }: { readonly rounds: number }): Promise<Report> {
  const planned = await headlineRows();
  const figures = await headlineFigures(planned);
  const rows = [...planned, ...(await smallRows(rounds))];
  return {
    title: 'memory of a training step with AdamW, against full fine-tuning',
    columns: ['shape', 'method', 'trains', 'peak MB', 'of full', 'saved MB', 'of full', 'step ms', 'of full'],
    rows: rows.map(line),
    figures,
    targets: headlineTargets,
    raw: { rows },
  };
}

function line(row: MemoryRow): string[] {
  const time = row.stepMs === undefined ? ['', ''] : [row.stepMs.toFixed(0), (row.stepTimeRatio ?? 0).toFixed(2)];
  return [
    `${row.shape} (${row.backend})`,
    row.method,
    row.trainableParameters.toLocaleString('en'),
    ...[row.peakBytes / 1e6, row.peakRatio, row.savedBytes / 1e6, row.savedRatio].map((value) => value.toFixed(2)),
    ...time,
  ];
}
