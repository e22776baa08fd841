import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { evaluationBatches, type TokenBatch, tokenize, trainingBatches } from './data/batches.ts';
import { majorityAccuracy, type Task } from './data/examples.ts';
import { loadModel } from './load-model.ts';
import { methods } from './methods.ts';
import type { MethodName, Options } from './options.ts';
import { reportPage } from './page/html.ts';
import { labelWidth, showProgress } from './progress.ts';
import { type MethodResult, type RunResult, summary } from './results.ts';
import { saveMethod } from './saved-method.ts';
import { startBackend } from './start-backend.ts';
import { table } from './table.ts';
import { loadTask } from './task.ts';
import { release, stackOf, trainMethod } from './train-method.ts';

/** Trains by every method and reports. After Ctrl-C it reports what was finished; the exit code is then 130. */
export async function compare(options: Options, signal: AbortSignal): Promise<void> {
  const task = loadTask(options);
  const backend = await startBackend(options.backend);
  console.log(
    `${task.name}: ${task.train.texts.length} training and ${task.test.texts.length} test sentences, ${task.labels.length} classes`,
  );
  const results: MethodResult[] = [];
  for (const name of options.methods) {
    const result = await runMethod(name, task, options, signal);
    if (!result) break;
    results.push(result);
  }
  const run: RunResult = {
    task: task.name,
    model: options.model,
    backend,
    classes: task.labels.length,
    trainSize: task.train.texts.length,
    testSize: task.test.texts.length,
    steps: options.steps,
    batch: options.batch,
    seed: options.seed,
    majorityAccuracy: majorityAccuracy(task),
    methods: results,
  };
  if (results.length > 0) report(run, options);
  if (signal.aborted) {
    console.log(
      `stopped; ${results.length > 0 ? `kept: ${results.map(({ saved }) => saved).join(', ')}` : 'no method had finished, nothing was written'}`,
    );
    process.exitCode = 130;
  }
  if (options.json) console.log(JSON.stringify(summary(run)));
}

async function runMethod(
  name: MethodName,
  task: Task,
  { model: modelName, seed, steps, batch, learningRate, out }: Options,
  signal: AbortSignal,
): Promise<MethodResult | undefined> {
  const { model, encode } = await loadModel(modelName, task.labels.length, seed);
  const stack = stackOf(model, methods[name], { classes: task.labels.length, seed, learningRate });
  const progress = showProgress(name, steps);
  try {
    const { batches, test } = tokenized(task, encode, { batch, steps, seed });
    const trained = await trainMethod(name, stack, { batches, test, signal, progress });
    progress.end();
    if (!trained) return undefined;
    const { accuracy } = trained;
    const about = { method: name, model: modelName, labels: task.labels, seed, accuracy };
    const saved = await saveMethod(out, stack, about);
    console.log(`${name.padEnd(labelWidth)} accuracy ${(accuracy * 100).toFixed(1)} %, saved as ${saved}`);
    return { ...trained, saved };
  } finally {
    progress.end();
    release(stack, model);
  }
}

function tokenized(
  task: Task,
  encode: (text: string) => readonly number[],
  { batch, steps, seed }: Pick<Options, 'batch' | 'steps' | 'seed'>,
): { batches: TokenBatch[]; test: TokenBatch[] } {
  return {
    batches: trainingBatches(tokenize(task.train, encode), batch, steps, seed),
    test: evaluationBatches(tokenize(task.test, encode), batch),
  };
}

function report(run: RunResult, { report: path }: Options): void {
  console.log(table(run));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, reportPage(run));
  console.log(`curves: ${path}`);
}
