import { withPeers } from '../peer.ts';
import type { Report } from '../report.ts';
import { contestants, gradientTolerance, type Measured, measureSides, type Side, sides } from './measure.ts';
import { describe, makeTask, type NetworkName, networkNames, type Scale } from './networks/task.ts';
import { type ContestantRow, ratiosOf, rowsOf } from './ratios.ts';
import type { Backend } from './task.ts';

export interface StepOptions {
  readonly backend: Backend;
  readonly network?: NetworkName;
  readonly scale: Scale;
  readonly rounds: number;
  readonly seed: number;
}

const targets = {
  wasm: {
    ratioTimeSameCode: 0.3,
    ratioPeakSameCode: 0.5,
    ratioTime: 0.12,
    ratioPeak: 0.2,
    ratioTimeJax: 1,
    headOnlyRatioPeak: 0.05,
  },
  webgpu: { ratioTime: 0.5, ratioPeak: 0.4, ratioTimeJax: 1 },
} as const;

interface NetworkResult {
  readonly about: string;
  readonly adapter: string | undefined;
  readonly rows: readonly ContestantRow[];
  readonly ratios: Readonly<Record<string, number>>;
}

/** One full fine-tuning step (loss and every gradient), four ways, in turns within one run. */
export async function step({ network, ...options }: StepOptions): Promise<Report> {
  const { backend, scale, rounds, seed } = options;
  const names = network ? [network] : backend === 'webgpu' ? networkNames : (['transformer'] as const);
  const results = new Map<NetworkName, NetworkResult>();
  for (const name of names) results.set(name, await run(name, options));
  const all = [...results.values()];
  const adapter = all[0]?.adapter;
  return {
    title: `full fine-tuning step: ${all.map(({ about }) => about).join('; ')}${adapter ? `\non ${adapter}` : ''}`,
    columns: ['', '', 'ms (min)', 'ms (median)', 'peak MB', 'tensors MB', 'head-only MB', 'loss', '|gradient - tfjs|'],
    rows: [...results].flatMap(([name, { rows }]) => rows.map((row) => [name, ...cells(row)])),
    figures: worst(all.map(({ ratios }) => ratios)),
    targets: targets[backend],
    raw: {
      ...(names.length > 1 && { networks: Object.fromEntries([...results].map(([name, r]) => [name, r.ratios])) }),
      contestants: [...results].flatMap(([name, { rows }]) => rows.map((row) => ({ network: name, ...row }))),
      command: `npm run bench step -- --backend ${backend} --rounds ${rounds} --seed ${seed}${network ? ` --network ${network}` : ''}`,
      backend,
      scale,
      ...(adapter && { adapter }),
      rounds,
      seed,
    },
  };
}

async function run(
  network: NetworkName,
  { backend, scale, rounds, seed }: Omit<StepOptions, 'network'>,
): Promise<NetworkResult> {
  const task = makeTask(network, seed, scale);
  // TensorFlow.js has no gradient of a convolution's filter on wasm.
  const present = sides.filter((side) => backend === 'webgpu' || network !== 'cnn' || side !== 'tfjs');
  const files = Object.fromEntries(present.map((side) => [side, `step/contestants/${contestants[side]}`]));
  const measured = await withPeers(files, (peers) =>
    measureSides(
      peers as Readonly<Partial<Record<Side, (typeof peers)[string]>>>,
      { task, backend },
      {
        rounds,
        repeats: (side) => (side === 'tfjs' || backend === 'webgpu' ? 1 : 4),
        tell: (doing) => console.error(`${network}, ${doing} …`),
      },
    ),
  );
  const rows = rowsOf(measured, backend);
  const strangers = rows.filter(({ gradientDifference }) => !(gradientDifference <= gradientTolerance));
  for (const { name, gradientDifference } of strangers) {
    console.error(`${network}: ${name} has other gradients, by ${gradientDifference} of the largest`);
    process.exitCode = 1;
  }
  return {
    about: describe(task),
    rows,
    adapter: sameAdapter(Object.values(measured)),
    ratios: { ...ratiosOf(rows), ...largest(rows) },
  };
}

function sameAdapter(measured: readonly Measured[]): string | undefined {
  const names = new Set(measured.map(({ adapter }) => adapter));
  if (names.size > 1) throw new Error(`the contestants were given different adapters: ${[...names].join(', ')}`);
  return measured[0]?.adapter;
}

const largest = (rows: readonly ContestantRow[]) => ({
  gradientDifference: Math.max(...rows.map(({ gradientDifference }) => gradientDifference)),
});

/** Of several networks each figure is the largest. */
function worst(ratios: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = new Set(ratios.flatMap((each) => Object.keys(each)));
  return Object.fromEntries([...names].map((name) => [name, Math.max(...ratios.flatMap((each) => each[name] ?? []))]));
}

function cells(row: ContestantRow): string[] {
  return [
    row.name,
    row.msMinimum.toFixed(0),
    row.msMedian.toFixed(0),
    megabytes(row.peakBytes),
    megabytes(row.tensorPeakBytes),
    megabytes(row.headOnlyPeakBytes),
    row.loss.toFixed(6),
    row.gradientDifference.toExponential(1),
  ];
}

const megabytes = (bytes: number | null) => (bytes === null ? '-' : (bytes / 1e6).toFixed(1));
