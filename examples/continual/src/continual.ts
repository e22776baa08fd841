import { TapgradError } from '@tapgrad/core';
import { startBackend } from '../../supersenses/src/start-backend.ts';
import { type DataOptions, loadDataset } from './data/load-dataset.ts';
import { prepareModel } from './model.ts';
import { commandOf, type Options, type Settings, settingsOf } from './options.ts';
import { duration } from './progress.ts';
import type { RunResult } from './results.ts';
import { folderOf, newestRun, RunFolder } from './run-folder.ts';
import { metricsTable } from './table.ts';
import { trainStream } from './train-stream.ts';

export interface Surroundings {
  /** The settings of a run without options. */
  readonly defaults: Settings;
  readonly signal: AbortSignal;
}

/** One run: from its beginning, or from where it was stopped. After Ctrl-C the exit code is 130. */
export async function continual(options: Options, { defaults, signal }: Surroundings): Promise<void> {
  const { folder, settings } = placeOf(options);
  if (options.fresh) folder.clear();
  folder.check(settings);
  const finished = folder.finished;
  if (finished) {
    tell(finished, folder);
    console.log('this run is finished; --fresh starts over');
    if (options.json) console.log(summary(finished));
    return;
  }
  const dataset = loadDataset(dataOptions(settings));
  await startBackend(settings.backend);
  const prepared = await prepareModel(dataset, settings.model, settings.seed);
  for (const note of [...dataset.notes, ...prepared.data.notes]) console.log(note);
  const command = commandOf(settings, defaults);
  const { checkpointEvery } = options;
  const result = await trainStream({ settings, dataset, prepared, folder, command, checkpointEvery, signal });
  tell(result, folder);
  if (!result.finished) {
    console.log(`stopped at step ${result.steps}; the same command, or --resume, goes on: ${command}`);
    process.exitCode = 130;
  }
  if (options.json) console.log(summary(result));
}

/** Throws TapgradError RUN_MISSING. */
function placeOf(options: Options): { folder: RunFolder; settings: Settings } {
  if (options.resume === undefined) {
    return { folder: new RunFolder(options.out ?? folderOf(options)), settings: settingsOf(options) };
  }
  const path = options.resume === true ? (options.out ?? newestRun()) : options.resume;
  const folder = new RunFolder(path);
  const { begun } = folder;
  if (begun) return { folder, settings: begun.settings };
  throw new TapgradError({ code: 'RUN_MISSING', message: `no run was begun in ${path}`, fix: 'leave out --resume' });
}

function dataOptions({ data, train, test, size, seed }: Settings): DataOptions {
  const most = { wordnet: { train: 60, test: 15 }, fashion: { train: 600, test: 100 } }[data] ?? {};
  return { data, size, seed, ...most, ...(train !== undefined && { train }), ...(test !== undefined && { test }) };
}

function tell(result: RunResult, folder: RunFolder): void {
  if (result.finished) console.log(metricsTable(result));
  console.log(`report: ${folder.report}  (${duration(result.seconds * 1000)} of training and tests)`);
}

function summary({ settings, matrix, baseline, metrics, finished, steps, seconds }: RunResult): string {
  return JSON.stringify({ method: settings.method, finished, steps, seconds, baseline, matrix, metrics });
}
