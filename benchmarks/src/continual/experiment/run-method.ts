import { machine } from '../../machine.ts';
import type { Candidate, Classifier, Method } from './method.ts';
import type { ResultsFile } from './results-file.ts';
import { type Row, rounded } from './rows.ts';
import { type StreamRun, trainStream } from './train-stream.ts';

export interface MethodRun {
  readonly method: Method;
  readonly labels: Pick<Row, 'model' | 'scenario'>;
  readonly seeds: readonly number[];
  readonly file: ResultsFile;
  readonly command: string;
  build(seed: number): Classifier | Promise<Classifier>;
  run(seed: number, judge: 'validation' | 'test'): StreamRun;
}

/**
 * Chooses among the candidates of a method with the first seed on the validation part, unless the file says already what
 * was chosen; then trains with every seed. What is measured is written after each run.
 */
export async function runMethod(
  { method, labels, seeds, file, command, build, run }: MethodRun,
  log: (line: string) => void = console.log,
): Promise<void> {
  const train = async (candidate: Candidate, seed: number, judge: 'validation' | 'test') => {
    const settings = run(seed, judge);
    const stream = method.joint ? settings.stream.joint() : settings.stream;
    return trainStream(await build(seed), candidate, { ...settings, stream });
  };
  const earlier = earlierRow(file.rows, method, labels);
  const validation: Record<string, number> = { ...earlier?.validation };
  if (method.candidates.length > 1) {
    for (const candidate of method.candidates) {
      if (validation[candidate.settings] !== undefined) continue;
      validation[candidate.settings] = await accuracyOrZero(() => train(candidate, seeds[0]!, 'validation'));
      // Runs with settings of before stay until something better is chosen.
      const { settings } = earlier ?? candidate;
      file.add({ runs: {}, ...earlier, method: method.name, ...labels, settings, validation: { ...validation } });
    }
  }
  const candidate = best(method.candidates, validation);
  const { settings } = candidate;
  const diverged: number[] = [];
  for (const seed of seeds) {
    const began = performance.now();
    const trained = await unlessDiverged(() => train(candidate, seed, 'test'));
    if (!trained) {
      diverged.push(seed);
      file.add({ method: method.name, ...labels, settings, validation, diverged, runs: {} });
      log(`${method.name.padEnd(22)} ${labels.model} ${labels.scenario} seed ${seed}: diverged  ${settings}`);
      continue;
    }
    const result = { ...trained, command, machine: machine() };
    const row = {
      method: method.name,
      ...labels,
      settings,
      ...(diverged.length > 0 && { diverged }),
      runs: { [seed]: result },
    };
    file.add(method.candidates.length > 1 ? { ...row, validation } : row);
    log(
      `${method.name.padEnd(22)} ${labels.model} ${labels.scenario} seed ${seed}: ${(100 * result.averageAccuracy).toFixed(1)} %  (${result.matrix
        .at(-1)!
        .map((each) => (100 * each).toFixed(0))
        .join(' ')})  ${settings}  ${((performance.now() - began) / 1000).toFixed(0)} s`,
    );
  }
}

/** A loss that leaves the finite numbers counts as nothing learnt. */
async function accuracyOrZero(train: () => Promise<{ readonly averageAccuracy: number }>): Promise<number> {
  return rounded((await unlessDiverged(train))?.averageAccuracy ?? 0);
}

async function unlessDiverged<Result>(train: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await train();
  } catch (error) {
    if ((error as { code?: string }).code === 'LOSS_NOT_FINITE') return undefined;
    throw error;
  }
}

/** What the file says already, of options tried on the validation part among other things. */
function earlierRow(rows: readonly Row[], { name }: Method, { model, scenario }: MethodRun['labels']): Row | undefined {
  return rows.find((row) => row.method === name && row.model === model && row.scenario === scenario);
}

/** The candidate with the highest accuracy; of equals the first. */
function best(candidates: Method['candidates'], validation: Readonly<Record<string, number>>): Candidate {
  return candidates.reduce((chosen, candidate) =>
    (validation[candidate.settings] ?? 0) > (validation[chosen.settings] ?? 0) ? candidate : chosen,
  );
}
