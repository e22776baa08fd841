import { useWasm } from '@tapgrad/backend-wasm';
import { disposeBatch } from '@tapgrad/core';
import { dispose, range, tidy } from '@tensorflow/tfjs-core';
import { machine } from '../../machine.ts';
import { Peer } from '../../peer.ts';
import type { Report } from '../../report.ts';
import { rounded } from '../experiment/rows.ts';
import { type FashionParts, fashionParts, imagesPerClass } from '../fashion/images.ts';
import { batchSize, epochsOf, learningRate } from '../fashion/index.ts';
import { memorySamples } from '../fashion/methods.ts';
import { fashionStream } from '../fashion/stream.ts';
import { type ContinualOptions, commandLine } from '../options.ts';
import type { PlainReplay, PlainResult, PlainTask } from './plain-task.ts';
import { trainRecorded } from './tapgrad-training.ts';

interface Comparison {
  readonly method: 'finetune' | 'er';
  readonly seed: number;
  /** Mean accuracy over the tasks at the end. */
  readonly tapgrad: number;
  /** The same images in every update. */
  readonly plainSameImages: number;
  /** Images of memory chosen by the plain program itself. */
  readonly plainOwnMemory?: number;
  /** Largest difference of a loss over the first hundred updates, and over all. */
  readonly firstLosses: number;
  readonly allLosses: number;
}

const about = `Plain TensorFlow.js beside tapgrad: split Fashion-MNIST, class-incremental, 784-400-400-10, ${imagesPerClass.train} training images a class, memory of ${memorySamples}, the same weights and order of images`;

/** Finetuning and experience replay, by tapgrad and by a program in which nothing of tapgrad runs. */
export async function reference({ seeds, methods = ['finetune', 'er'] }: ContinualOptions): Promise<Report> {
  await useWasm();
  const parts = fashionParts(28);
  const rows: Comparison[] = [];
  for (const method of ['finetune', 'er'] as const) {
    for (const seed of methods.includes(method) ? seeds : []) {
      rows.push(await compareOnce(parts, method, seed));
      console.log(JSON.stringify(rows.at(-1)));
    }
  }
  dispose([parts.train, parts.validation, parts.test].map((part) => ({ ...part })));
  const mean = (method: string, figure: (row: Comparison) => number | undefined) => {
    const values = rows.filter((row) => row.method === method).map((row) => figure(row)!);
    return values.reduce((total, value) => total + value, 0) / values.length;
  };
  return {
    title: about,
    columns: ['method', 'seed', 'tapgrad', 'plain, same images', 'plain, own memory', 'first 100 losses', 'all losses'],
    rows: rows.map((row) => [
      row.method,
      String(row.seed),
      shown(row.tapgrad),
      shown(row.plainSameImages),
      row.plainOwnMemory === undefined ? '-' : shown(row.plainOwnMemory),
      row.firstLosses.toExponential(1),
      row.allLosses.toExponential(1),
    ]),
    figures: {
      finetune: mean('finetune', (row) => row.tapgrad),
      finetunePlain: mean('finetune', (row) => row.plainSameImages),
      er: mean('er', (row) => row.tapgrad),
      erPlainSameImages: mean('er', (row) => row.plainSameImages),
      erPlainOwnMemory: mean('er', (row) => row.plainOwnMemory),
    },
    raw: { experiment: 'reference', about, command: commandLine(), measuredOn: machine(), rows },
  };
}

async function compareOnce(parts: FashionParts, method: Comparison['method'], seed: number): Promise<Comparison> {
  const numbered = tidy(() => ({ ...parts.train, index: range(0, parts.train.labels.size, 1, 'int32') }));
  const stream = fashionStream({ ...parts, train: numbered }, parts.test, 'class', seed);
  const recorded = await trainRecorded({
    stream,
    seed,
    batchSize,
    epochs: epochsOf.mlp,
    learningRate,
    ...(method === 'er' && { replayFrom: memorySamples }),
  });
  dispose(numbered.index);
  const columnOf = new Map(stream.labels.map((label, column) => [label, column]));
  const columns = (labels: ArrayLike<number>) => Int32Array.from(labels, (label) => columnOf.get(label)!);
  const task: PlainTask = {
    weights: recorded.weights,
    train: { shape: parts.train.inputs.shape, data: parts.train.inputs.dataSync() as Float32Array },
    trainLabels: columns(parts.train.labels.dataSync()),
    test: await Promise.all(
      stream.tasks.map(async ({ test }) => {
        for await (const batch of test(1_000_000).batches(0)) {
          const { inputs, targets } = batch as unknown as Record<'inputs' | 'targets', typeof parts.test.inputs>;
          const images = { shape: inputs.shape, data: inputs.dataSync() as Float32Array };
          const labels = targets.dataSync() as Int32Array;
          disposeBatch(batch);
          return { images, labels };
        }
        throw new Error('a task without test images');
      }),
    ),
    order: recorded.own,
    learningRate,
  };
  const plain = (replay: PlainReplay | undefined) => trainApart(replay ? { ...task, replay } : task);
  const same = await plain(method === 'er' ? { drawn: recorded.drawn } : undefined);
  const own =
    method === 'er' ? await plain({ capacity: memorySamples, draw: batchSize, seed: 1000 + seed }) : undefined;
  const differences = recorded.losses.map((loss, update) => Math.abs(loss - same.losses[update]!));
  return {
    method,
    seed,
    tapgrad: finalAccuracy(recorded),
    plainSameImages: finalAccuracy(same),
    ...(own && { plainOwnMemory: finalAccuracy(own) }),
    firstLosses: Math.max(...differences.slice(0, 100)),
    allLosses: Math.max(...differences),
  };
}

/** In a process of its own: it shares no engine and no kernel with tapgrad. */
async function trainApart(task: PlainTask): Promise<PlainResult> {
  const peer = new Peer('continual/reference/contestants/plain-tfjs');
  try {
    return await peer.ask<PlainResult>('train', task);
  } finally {
    peer.close();
  }
}

function finalAccuracy({ matrix }: PlainResult): number {
  const last = matrix.at(-1)!;
  return rounded(last.reduce((total, each) => total + each, 0) / last.length);
}

const shown = (accuracy: number) => `${(100 * accuracy).toFixed(1)} %`;
