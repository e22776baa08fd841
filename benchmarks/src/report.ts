import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import Table from 'cli-table3';
import { machine } from './machine.ts';

/** What a benchmark hands back: a table for people, named figures for everybody. */
export interface Report {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** The figures that are published, by name. */
  readonly figures: Readonly<Record<string, number>>;
  /** Upper bounds that the project promises for some of the figures. */
  readonly targets?: Readonly<Record<string, number>>;
  /** Everything else that was measured. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface Output {
  readonly json: boolean;
  readonly out?: string;
}

/** Prints the table and the figures beside their targets; with `json`, one object as the last line. */
export function print(report: Report, { json, out }: Output): void {
  const where = machine();
  const table = new Table({ head: [...report.columns], style: { head: [], border: [] } });
  table.push(...report.rows.map((row) => [...row]));
  console.log(`${report.title}\n${table.toString()}`);
  for (const [name, value] of Object.entries(report.figures)) {
    const target = report.targets?.[name];
    const verdict =
      target === undefined
        ? ''
        : `  (target ${target}: ${value <= target ? 'met' : `missed by ${((value / target - 1) * 100).toFixed(0)} %`})`;
    console.log(`${name.padEnd(22)} ${value.toPrecision(3)}${verdict}`);
  }
  console.log(`on ${where.cpu}, ${where.cores} cores, ${where.platform}, Node ${where.node}`);
  const result = { ...report.figures, ...report.raw, machine: where };
  if (out) {
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, `${JSON.stringify(result, undefined, 2)}\n`);
    console.log(`written to ${out}`);
  }
  if (json) console.log(JSON.stringify(result));
}
