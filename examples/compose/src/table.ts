import Table from 'cli-table3';
import type { Measured } from './measure.ts';

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);

/** One row a run; memory in MB (10^6 bytes), and as a share of the first row's: peak as planned and measured, most saved. */
export function table(rows: readonly Measured[]): string {
  const head = ['plugins', 'trains', 'planned', 'peak', 'of full', 'saved', 'of full', 'first loss', 'last'];
  const grid = new Table({
    head,
    style: { head: [], border: [] },
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
  });
  const [full] = rows as [Measured];
  for (const { name, trainable, plannedBytes, peakBytes, savedBytes, losses } of rows) {
    grid.push([
      name,
      trainable.toLocaleString('en'),
      megabytes(plannedBytes),
      megabytes(peakBytes),
      (peakBytes / full.peakBytes).toFixed(2),
      megabytes(savedBytes),
      (savedBytes / full.savedBytes).toFixed(2),
      ...[losses[0], losses.at(-1)].map((loss) => (loss ?? Number.NaN).toFixed(3)),
    ]);
  }
  return grid.toString();
}
