import {
  type Batch,
  BufferTensor,
  currentRandom,
  disposeBatch,
  dropout,
  Module,
  randomStream,
  softmaxCrossEntropy,
} from '@tapgrad/core';
import { add, dispose, mean, mul, sub, type Tensor, tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { Dense } from '../test-support.ts';
import { tensorData } from './labelled-data.ts';
import type { SplitData } from './make-stream.ts';
import type { TaskStream } from './task-stream.ts';

/** Points of three numbers around one center for each of `classes` classes. `end` disposes their tensors. */
export function clusters(classes = 6, perClass = 10, testPerClass = 4): SplitData & { end(): void } {
  const made = [perClass, testPerClass].map((count, part) => {
    const centers = randomStream(1, 'centers').normal(classes * 3, 0, 2);
    const noise = randomStream(2, part).normal(classes * count * 3, 0, 0.3);
    const labels = Int32Array.from({ length: classes * count }, (_, i) => i % classes);
    const values = noise.map(
      (value, i) => value + (centers[(labels[Math.floor(i / 3)] as number) * 3 + (i % 3)] as number),
    );
    return { inputs: tensor(values, [classes * count, 3]), labels };
  }) as [{ inputs: Tensor; labels: Int32Array }, { inputs: Tensor; labels: Int32Array }];
  return {
    train: tensorData(made[0]),
    test: tensorData(made[1]),
    end: () => dispose(made.map(({ inputs }) => inputs)),
  };
}

/** As `Linear`, with what training alone draws and counts: dropout, and a running mean that is taken away. */
export class Noisy extends Module {
  readonly head: Dense;
  readonly running = new BufferTensor(zeros([3]));

  constructor(classes: number) {
    super();
    this.head = new Dense(3, classes, 3);
  }

  forward(x: Tensor): Tensor {
    if (!this.training) return this.head.call(sub(x, this.running.read()));
    tidy(() => this.running.assign(add(mul(this.running.variable, 0.9), mul(mean(x, 0), 0.1))));
    return this.head.call(dropout(sub(x, mean(x, 0)), 0.3, currentRandom(this.path)));
  }
}

/** One layer from three numbers to logits. */
export class Linear extends Module {
  readonly head: Dense;

  constructor(classes: number) {
    super();
    this.head = new Dense(3, classes, 3);
  }

  forward(x: Tensor): Tensor {
    return this.head.call(x);
  }
}

export function streamLoss(stream: TaskStream) {
  return (logits: Tensor, batch: Batch): Tensor =>
    softmaxCrossEntropy(stream.restrict(logits, batch), batch.targets as Tensor);
}

/** All batches of a source as numbers, by key. */
export async function contents(
  batches: Iterable<Batch> | AsyncIterable<Batch>,
): Promise<{ inputs: number[]; targets: number[]; tasks: number[] }[]> {
  const found: { inputs: number[]; targets: number[]; tasks: number[] }[] = [];
  for await (const batch of batches) {
    const of = (key: string) => [...(batch[key] as Tensor).dataSync()];
    found.push({ inputs: of('inputs'), targets: of('targets'), tasks: of('tasks') });
    disposeBatch(batch);
  }
  return found;
}

/** A checkpoint store in memory. */
export function memoryStore() {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: async (name: string) => files.get(name) as Uint8Array,
    write: async (name: string, bytes: Uint8Array) => void files.set(name, bytes.slice()),
    remove: async (name: string) => void files.delete(name),
    list: async () => [...files.keys()],
  };
}
