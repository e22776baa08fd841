import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Row, withRow } from './rows.ts';

export interface ResultsFileOptions {
  readonly experiment: string;
  /** Data, model and protocol in a sentence or two. */
  readonly about: string;
  readonly out?: string | undefined;
  /** Keep what the file says already. */
  readonly add: boolean;
}

/** The rows of an experiment, written whole after every run, so that what was measured is never lost. */
export class ResultsFile {
  rows: readonly Row[];

  constructor(private readonly options: ResultsFileOptions) {
    const { out, add } = options;
    this.rows = add && out && existsSync(out) ? (JSON.parse(readFileSync(out, 'utf8')) as { rows: Row[] }).rows : [];
  }

  add(row: Row): void {
    this.rows = withRow(this.rows, row);
    const { experiment, about, out } = this.options;
    if (!out) return;
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(`${out}.new`, `${JSON.stringify({ experiment, about, rows: this.rows }, undefined, 2)}\n`);
    renameSync(`${out}.new`, out);
  }
}
