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
 * Ranks the candidates of a method with the first seed on the validation part, as far as the file does not say already what
 * came out; then trains the best with every seed, or, where its loss leaves the finite numbers with one of them, the next.
 * What is measured is written after each run.
 */
export async function runMethod(
  { method, labels, seeds, file, command, build, run }: MethodRun,
  log: (line: string) => void = console.log,
): Promise<void> {
  const train = async (candidate: Candidate, seed: number, judge: 'validation' | 'test') => {
    const settings = run(seed, judge);
    const stream = method.joint ? settings.stream.joint() : settings.stream;
    return unlessDiverged(async () => trainStream(await build(seed), candidate, { ...settings, stream }));
  };
  const say = (seed: number, said: string) =>
    log(`${method.name.padEnd(22)} ${labels.model} ${labels.scenario} seed ${seed}: ${said}`);
  const earlier = earlierRow(file.rows, method, labels);
  const validation: Record<string, number> = { ...earlier?.validation };
  if (method.candidates.length > 1) {
    for (const candidate of method.candidates) {
      if (validation[candidate.settings] !== undefined) continue;
      // A loss that leaves the finite numbers counts as nothing learnt.
      validation[candidate.settings] = rounded((await train(candidate, seeds[0]!, 'validation'))?.averageAccuracy ?? 0);
      // Runs with settings of before stay until something better is chosen.
      const { settings } = earlier ?? candidate;
      file.add({ runs: {}, ...earlier, method: method.name, ...labels, settings, validation: { ...validation } });
    }
  }
  const diverged: Record<string, readonly number[]> = { ...earlier?.diverged };
  for (const candidate of ranked(method.candidates, validation)) {
    const { settings } = candidate;
    if (diverged[settings]) continue;
    const add = (runs: Row['runs']) =>
      file.add({
        method: method.name,
        ...labels,
        settings,
        ...(method.candidates.length > 1 && { validation }),
        ...(Object.keys(diverged).length > 0 && { diverged: { ...diverged } }),
        runs,
      });
    for (const seed of seeds) {
      const began = performance.now();
      const trained = await train(candidate, seed, 'test');
      if (trained) {
        add({ [seed]: { ...trained, command, machine: machine() } });
        const last = trained.matrix.at(-1)!.map((each) => (100 * each).toFixed(0));
        const seconds = ((performance.now() - began) / 1000).toFixed(0);
        say(seed, `${(100 * trained.averageAccuracy).toFixed(1)} %  (${last.join(' ')})  ${settings}  ${seconds} s`);
      } else {
        diverged[settings] = [...(diverged[settings] ?? []), seed];
        add({});
        say(seed, `diverged  ${settings}`);
      }
    }
    if (!diverged[settings]) return;
  }
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

/** The candidate with the highest accuracy first; equals stay in their order. */
function ranked(candidates: Method['candidates'], validation: Readonly<Record<string, number>>): Candidate[] {
  return candidates.toSorted((a, b) => (validation[b.settings] ?? 0) - (validation[a.settings] ?? 0));
}
