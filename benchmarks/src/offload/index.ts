import { Command, InvalidArgumentError, Option } from 'commander';
import { withPeers } from '../peer.ts';
import { type Output, print, type Report } from '../report.ts';
import { minimum } from '../statistics.ts';
import { type Held, type Question, type Strategy, strategies } from './strategy.ts';

interface Options extends Output {
  readonly backend: 'wasm' | 'webgpu';
  readonly rounds: number;
  readonly only: readonly Strategy[];
}

interface Row extends Omit<Held, 'milliseconds'> {
  readonly strategy: string;
  readonly stepMs: number;
  readonly peakRatio: number;
  readonly stepTimeRatio: number;
}

export function offloadCommand(): Command {
  return new Command('offload')
    .description('what keeping, offloading and recomputing saved values hold and cost')
    .addOption(new Option('--backend <name>', 'where the kernels run').choices(['wasm', 'webgpu']).default('wasm'))
    .addOption(new Option('--rounds <count>', 'steps that are timed, twice').argParser(Number).default(3))
    .addOption(new Option('--only <list>', 'beside keep, only these').argParser(listed).default(all, 'all'))
    .option('--json', 'print one JSON object as the last line', false)
    .option('--out <file>', 'also write the result to a file')
    .action(async (options: Options) => print(await offloading(options), options));
}

const all = Object.keys(strategies) as Strategy[];

function listed(text: string): Strategy[] {
  const found = all.filter((name) => name === 'keep' || text.split(',').includes(name));
  if (found.length > 1) return found;
  throw new InvalidArgumentError(`expected some of ${all.join(', ')}`);
}

/** What keeping, offloading and recomputing hold on the device, the host and disk, and what they cost: full fine-tuning with AdamW. */
function offloading({ backend, rounds, only: names }: Options): Promise<Report> {
  return withPeers({ transformer: 'offload/contestants/transformer' }, async ({ transformer }) => {
    await transformer.ask('use', backend);
    const held = new Map<Strategy, Held>();
    // Taking turns, there and back: what else the machine does falls on all.
    for (const strategy of [...names, ...names.toReversed()]) {
      const question: Question = { strategy, steps: rounds };
      const now = await transformer.ask<Held>('measure', question);
      const before = held.get(strategy)?.milliseconds ?? [];
      held.set(strategy, { ...now, milliseconds: [...before, ...now.milliseconds] });
    }
    const keep = held.get('keep') as Held;
    const rows = names.map((strategy): Row => {
      const { milliseconds, ...bytes } = held.get(strategy) as Held;
      const stepMs = minimum(milliseconds);
      const stepTimeRatio = stepMs / minimum(keep.milliseconds);
      return { strategy: strategies[strategy], ...bytes, stepMs, peakRatio: bytes.peak / keep.peak, stepTimeRatio };
    });
    const megabytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1e6).toFixed(2));
    return {
      title: `saved values kept, offloaded and recomputed: vision transformer, 4 layers of 192, batch 8 of 64 patches, AdamW, on ${backend}`,
      columns: ['', 'peak MB', 'of keep', 'pool MB', 'saved MB', 'host MB', 'disk MB', 'step ms', 'of keep'],
      rows: rows.map((row) => [
        row.strategy,
        megabytes(row.peak),
        row.peakRatio.toFixed(2),
        ...[row.pool, row.saved, row.host, row.disk].map(megabytes),
        row.stepMs.toFixed(0),
        row.stepTimeRatio.toFixed(2),
      ]),
      figures: Object.fromEntries(names.map((name, i) => [`ratioPeak.${name}`, (rows[i] as Row).peakRatio])),
      raw: { backend, rows },
    };
  });
}
