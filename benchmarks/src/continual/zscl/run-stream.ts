import { attach, type Batch, disposeBatch, randomStream, type Stack, type Task } from '@tapgrad/core';
import { type DualEncoder, type DualEncoderOutputs, zeroShotLogits, zeroShotLoss } from '@tapgrad/nn';
import { adamw, cosine, warmup } from '@tapgrad/train';
import { argMax, tensor, tidy } from '@tensorflow/tfjs-core';
import type { ReferenceData, TransferMethod } from './methods.ts';
import { rowsOf } from './pictures.ts';
import { type PictureTask, promptOf, type World } from './world.ts';

export const training = { steps: 150, batchSize: 64, learningRate: 1e-3, labelSmoothing: 0.2 } as const;

export interface StreamRun {
  /** Names, in the order in which they were learned. */
  readonly tasks: readonly string[];
  /** Accuracy on each task before the first one is learned. */
  readonly before: readonly number[];
  /** Accuracy on task i after task j: row j, column i. */
  readonly rows: readonly (readonly number[])[];
  /** Median of an update. */
  readonly stepMs: number;
}

/** Learns the tasks one after the other and measures all of them after each. */
export async function runStream(
  model: DualEncoder,
  world: World,
  method: TransferMethod,
  reference: ReferenceData,
  seed: number,
): Promise<StreamRun> {
  const { learningRate } = training;
  const optimizer = adamw({ learningRate, weightDecay: 0 });
  const loss = (outputs: DualEncoderOutputs, batch: Batch) =>
    zeroShotLoss(outputs, batch, { labelSmoothing: training.labelSmoothing });
  const plugins = method.plugins?.(reference) ?? [];
  model.logitScale.trainable = false;
  const stack = attach(model as never, plugins, { loss: loss as never, optimizer, seed }) as unknown as Stack;
  const before = accuracies(stack, world);
  const rows: number[][] = [];
  const times: number[] = [];
  for (const [index, task] of world.tasks.entries()) {
    if (!method.plugins) {
      rows.push(before);
      continue;
    }
    const told = taskOf(task, index, world);
    await stack.begin('task', { index, task: told });
    times.push(...(await learn(stack, world, task, index, seed)));
    await stack.end('task', { index, task: told });
    rows.push(accuracies(stack, world));
  }
  stack.detach();
  optimizer.dispose();
  const tasks = world.tasks.map(({ name }) => name);
  return { tasks, before, rows, stepMs: times.sort((a, b) => a - b)[times.length >> 1] ?? 0 };
}

async function learn(stack: Stack, world: World, task: PictureTask, index: number, seed: number): Promise<number[]> {
  const { steps, batchSize, learningRate } = training;
  const schedule = warmup(steps / 10, cosine());
  const times: number[] = [];
  for (let step = 0; step < steps; step++) {
    const random = randomStream(seed, 'task', index, step);
    const batch = batchOf(
      task,
      world,
      Array.from({ length: batchSize }, () => random.integer(task.train.words.length)),
    );
    if (stack.options.optimizer) stack.options.optimizer.learningRate = learningRate * schedule({ step, steps });
    const begun = performance.now();
    await (await stack.step(batch)).loss;
    times.push(performance.now() - begun);
    disposeBatch(batch);
  }
  return times;
}

function batchOf({ train, classes }: PictureTask, { vocabulary }: World, rows: readonly number[]): Batch {
  const labels = rows.map((row) => classes.indexOf(train.words[row] as string));
  return {
    inputs: [rowsOf(train, rows), vocabulary.encode(classes.map(promptOf))],
    targets: tensor(labels, [rows.length], 'int32'),
  };
}

function taskOf(task: PictureTask, index: number, world: World): Task {
  return {
    index,
    count: world.tasks.length,
    name: task.name,
    classes: task.classes.map((_, label) => label),
    classNames: task.classes,
    *batches(batchSize = training.batchSize) {
      for (let first = 0; first < task.train.words.length; first += batchSize) {
        const rows = Math.min(batchSize, task.train.words.length - first);
        yield batchOf(
          task,
          world,
          Array.from({ length: rows }, (_, i) => first + i),
        );
      }
    },
  };
}

/** Share of test pictures whose prompt is the nearest of the task's, by task. */
function accuracies(stack: Stack, { tasks, vocabulary }: World): number[] {
  return tasks.map(({ test, classes }) =>
    tidy(() => {
      const images = rowsOf(
        test,
        Array.from(test.words, (_, row) => row),
      );
      const outputs = stack.predict(images, vocabulary.encode(classes.map(promptOf))) as DualEncoderOutputs;
      const found = argMax(zeroShotLogits(outputs), 1).dataSync();
      return found.filter((label, row) => classes[label] === test.words[row]).length / found.length;
    }),
  );
}
