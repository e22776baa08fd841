import { useWasm } from '@tapgrad/backend-wasm';
import { combinations } from './combinations.ts';
import { type Measured, measure } from './measure.ts';
import { table } from './table.ts';

export interface ComposeOptions {
  readonly steps: number;
  /** Numbers of the combinations, from 1. Default: all. */
  readonly only?: readonly number[];
}

/** Trains every combination: the whole model, each part by itself, then with one part more each time. */
export async function compose({ steps, only }: ComposeOptions, print: (text: string) => void): Promise<Measured[][]> {
  await useWasm();
  const results: Measured[][] = [];
  for (const [index, combination] of combinations.entries()) {
    if (only && !only.includes(index + 1)) continue;
    print(`\n${index + 1}. ${combination.name}\n`);
    const parts = Object.entries(combination.parts);
    const runs = [[], ...parts.map((part) => [part]), ...parts.slice(1).map((_, i) => parts.slice(0, i + 2))];
    const rows: Measured[] = [];
    for (const run of runs) {
      const name = run.length === 0 ? 'full fine-tuning' : run.map(([part]) => part).join(' + ');
      const plugins = run.map(([, part]) => part());
      const { measured, explained } = await measure(combination, name, plugins, steps);
      if (run.length === parts.length) print(`${explained}\n`);
      rows.push(measured);
    }
    print(table(rows));
    results.push(rows);
  }
  return results;
}
