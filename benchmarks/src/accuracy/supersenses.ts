import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Report } from '../report.ts';
import type { Row } from './experiment/compare.ts';
import type { ExperimentOptions } from './experiment/options.ts';
import { summarize } from './experiment/summary.ts';

// This file runs out of benchmarks/dist.
const root = fileURLToPath(new URL('../../', import.meta.url));

/** What `npm start -- --json` prints at its end. */
interface MainJob {
  readonly majorityAccuracy: number;
  readonly methods: readonly {
    readonly name: string;
    readonly accuracy: number;
    readonly trainableParameters: number;
    readonly peakBytes: number;
    readonly savedBytes: number;
    readonly stepMs: number;
  }[];
}

/** WordNet supersenses by the Universal Sentence Encoder lite: the main job, once a seed. */
export async function supersenses(options: ExperimentOptions & { readonly steps: number }): Promise<Report> {
  const jobs: MainJob[] = [];
  for (const seed of options.seeds) jobs.push(await mainJob(seed, options));
  const [first] = jobs as [MainJob];
  const rows = first.methods.map(({ name, accuracy: _, ...costs }): Row => {
    const accuracies = jobs.map(({ methods }) => methods.find((each) => each.name === name)!.accuracy);
    return {
      method: name,
      accuracy: accuracies.reduce((total, each) => total + each, 0) / accuracies.length,
      accuracies: Object.fromEntries(options.seeds.map((seed, index) => [seed, accuracies[index]!])),
      ...costs,
    };
  });
  return summarize({
    experiment: 'supersenses',
    about: `WordNet glosses by supersense, Universal Sentence Encoder lite (npm start -- --methods all): 8,000 training sentences, ${options.steps} steps of 32, 1,000 test sentences; the commonest class has ${(100 * first.majorityAccuracy).toFixed(1)} %`,
    seeds: options.seeds,
    rows,
    addTo: options.add ? options.out : undefined,
  });
}

/** One run of the main job in a process of its own; what it says is passed on. */
function mainJob(
  seed: number,
  { methods = ['all'], steps }: { readonly methods?: readonly string[]; readonly steps: number },
): Promise<MainJob> {
  const out = join(tmpdir(), `tapgrad-supersenses-${process.pid}`);
  const options = [
    '--methods',
    methods.join(','),
    '--seed',
    String(seed),
    '--steps',
    String(steps),
    '--out',
    out,
    '--report',
    join(out, 'report.html'),
  ];
  const child = spawn(process.execPath, [join(root, 'scripts/start.mjs'), ...options, '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    process.stdout.write(part);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      const last = text.trimEnd().split('\n').at(-1) ?? '';
      if (code === 0) resolve(JSON.parse(last) as MainJob);
      else reject(new Error(`the main job ended with code ${code}`));
    });
  });
}
