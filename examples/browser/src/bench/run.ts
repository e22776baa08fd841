import { contestants, gradientTolerance, measureSides, type Side } from '../../../../benchmarks/src/step/measure.ts';
import { describe, makeTask, type NetworkName, type Scale } from '../../../../benchmarks/src/step/networks/task.ts';
import { type ContestantRow, ratiosOf, rowsOf } from '../../../../benchmarks/src/step/ratios.ts';
import { WorkerPeer } from './worker-peer.ts';

// Each by a literal address: the bundler makes a worker of each.
const workers: Readonly<Record<Side, () => Worker>> = {
  tfjs: () =>
    new Worker(new URL('../../../../benchmarks/src/step/contestants/plain-tfjs.ts', import.meta.url), {
      type: 'module',
    }),
  sameCode: () =>
    new Worker(new URL('../../../../benchmarks/src/step/contestants/same-code.ts', import.meta.url), {
      type: 'module',
    }),
  modules: () =>
    new Worker(new URL('../../../../benchmarks/src/step/contestants/modules.ts', import.meta.url), { type: 'module' }),
  jax: () =>
    new Worker(new URL('../../../../benchmarks/src/step/contestants/jax.ts', import.meta.url), { type: 'module' }),
};

export interface BenchOptions {
  readonly network: NetworkName;
  readonly scale: Scale;
  readonly rounds: number;
  readonly seed: number;
}

export interface BenchResult extends BenchOptions {
  readonly about: string;
  readonly adapter: string | undefined;
  readonly ratios: Readonly<Record<string, number>>;
  readonly contestants: readonly ContestantRow[];
  /** Names of those whose gradients are not plain tfjs's. */
  readonly strangers: readonly string[];
  readonly userAgent: string;
}

/** Runs the step benchmark on WebGPU in workers of this page. @param tell is told what is done, in a few words */
export async function runBench(options: BenchOptions, tell: (doing: string) => void): Promise<BenchResult> {
  const task = makeTask(options.network, options.seed, options.scale);
  const peers = Object.fromEntries(
    Object.entries(workers).map(([side, make]) => [side, new WorkerPeer(contestants[side as Side], make())]),
  ) as Record<Side, WorkerPeer>;
  try {
    const { rounds } = options;
    const measured = await measureSides(peers, { task, backend: 'webgpu' }, { rounds, repeats: () => 1, tell });
    const rows = rowsOf(measured, 'webgpu');
    const strangers = rows.filter(({ gradientDifference }) => !(gradientDifference <= gradientTolerance));
    return {
      ...options,
      about: describe(task),
      adapter: measured.modules?.adapter,
      ratios: ratiosOf(rows),
      contestants: rows,
      strangers: strangers.map(({ name }) => name),
      userAgent: navigator.userAgent,
    };
  } finally {
    for (const peer of Object.values(peers)) peer.close();
  }
}
