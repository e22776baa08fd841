import { attach, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw, classIncremental, type TaskStream, TaskTrainer, taskIncremental } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { classVectors } from './class-vectors.ts';
import type { Dataset } from './data/dataset.ts';
import { list } from './data/split.ts';
import { freshPeak } from './fresh-peak.ts';
import { fingerprint } from './labelled.ts';
import { methods } from './methods.ts';
import type { PreparedModel } from './model.ts';
import type { Settings } from './options.ts';
import { reportPage } from './page/html.ts';
import type { RunResult } from './results.ts';
import type { RunFolder } from './run-folder.ts';
import { type RunFacts, resultOf } from './run-result.ts';
import { Watch } from './watch.ts';

export interface StreamOptions {
  readonly settings: Settings;
  readonly dataset: Dataset;
  readonly prepared: PreparedModel;
  readonly folder: RunFolder;
  readonly command: string;
  readonly checkpointEvery: number;
  readonly signal: AbortSignal;
}

/** Parts into which the shortest task is cut for the curves; its end is measured anyway. */
const parts = 3;

/** Trains what is left of the stream. Log, checkpoints and report are written on the way. */
export async function trainStream(options: StreamOptions): Promise<RunResult> {
  const { settings, prepared, folder, signal } = options;
  const { learningRate = prepared.learningRate, epochs, batch } = settings;
  const stream = streamOf(options);
  const joint = settings.method === 'joint';
  const stack = await stackOf(options, stream, learningRate);
  try {
    // Not before everything fits: what cannot be trained leaves no folder.
    folder.begin(settings, fingerprint(options.dataset));
    const learnt = joint ? stream.joint() : stream;
    const stepsOf = learnt.tasks.map(({ samples }) => epochs * Math.ceil(samples.train / batch));
    const trainer = new TaskTrainer(stack, {
      stream: learnt,
      batchSize: batch,
      epochs,
      evaluateEvery: Math.ceil((Math.min(...stepsOf) + 1) / parts),
      evaluationBatchSize: batch,
      checkpoints: { store: folder.checkpoints, every: options.checkpointEvery },
      resume: true,
      signal,
    });
    const facts: RunFacts = {
      ...options,
      learningRate,
      stream,
      parameters: [...stack.namedParameters().values()].reduce((total, { size }) => total + size, 0),
      steps: stepsOf.reduce((total, steps) => total + steps, 0),
    };
    introduce(facts);
    const watch = new Watch(facts, stack, folder, () => trainer.result().matrix);
    const write = () => {
      const result = resultOf(facts, trainer.result(), folder.entries());
      folder.write(result, reportPage(result));
      return result;
    };
    try {
      for await (const event of trainer.events()) {
        if (event.kind === 'step') watch.step(event);
        if (event.kind === 'task-evaluation') {
          await watch.evaluation(event);
          if (event.when === 'after') write();
        }
      }
    } finally {
      watch.end();
    }
    return write();
  } finally {
    stack.detach();
    stack.options.optimizer?.dispose();
    prepared.model.dispose();
  }
}

function introduce({ settings, dataset, prepared, parameters, stream }: RunFacts): void {
  const { train, test } = prepared.data;
  console.log(
    `${settings.method} on ${dataset.name}: ${train.size} samples to learn from, ${test.size} for the test; ${prepared.name}, ${parameters.toLocaleString('en')} parameters`,
  );
  for (const { index, classNames } of stream.tasks) console.log(`task ${index + 1}: ${list(classNames)}`);
}

function streamOf({ settings, dataset, prepared }: StreamOptions): TaskStream {
  const { train, test } = prepared.data;
  const make = settings.scenario === 'class' ? classIncremental : taskIncremental;
  return make({ train, test }, { tasks: settings.tasks, seed: settings.seed, classNames: dataset.labels });
}

async function stackOf(
  { settings, dataset, prepared }: StreamOptions,
  stream: TaskStream,
  learningRate: number,
): Promise<Stack<Tensor>> {
  const { method, memory: samples, batch, strength, seed } = settings;
  const { head, model } = prepared;
  const vectors = () => classVectors(dataset.labels);
  const plugins = await methods[method]({ samples, batch, strength, head, vectors });
  return attach(model, [...plugins, freshPeak()], {
    loss: (logits: Tensor, given) => crossEntropy(stream.restrict(logits, given), given.targets as Tensor),
    optimizer: adamw({ learningRate }),
    seed,
  });
}
