import { er, memory } from '@tapgrad/continual';
import { attach } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { sgd, type TaskStream, TaskTrainer } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Mlp } from '../fashion/models.ts';
import type { PlainResult, PlainTensor } from './plain-task.ts';
import { recorder, type Updates } from './recorder.ts';

export interface ComparedRun {
  readonly stream: TaskStream;
  readonly seed: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** Samples in memory; without, nothing is replayed. */
  readonly replayFrom?: number;
}

/** What tapgrad did, and all that is needed to do it again without it. */
export interface Recorded extends PlainResult {
  readonly weights: Readonly<Record<string, PlainTensor>>;
  /** Images of the data, update by update. */
  readonly own: Updates;
  /** Images of memory. */
  readonly drawn: Updates;
}

/** Trains as the experiment does, and notes initial weights, losses and the images of every update. */
export async function trainRecorded(run: ComparedRun): Promise<Recorded> {
  const { stream, seed, batchSize, epochs, learningRate, replayFrom } = run;
  const model = new Mlp(stream.classes, seed);
  const weights = Object.fromEntries(
    [...model.namedParameters()].map(([name, { variable }]) => [
      name,
      { shape: variable.shape, data: variable.dataSync().slice() as Float32Array },
    ]),
  );
  const own: Updates = [];
  const all: Updates = [];
  const losses: number[] = [];
  const plugins = [recorder('own', own), recorder('all', all)];
  const optimizer = sgd({ learningRate });
  const stack = attach<Tensor>(
    model,
    replayFrom === undefined ? plugins : [...plugins, memory({ samples: replayFrom }), er()],
    { loss: (logits, batch) => crossEntropy(stream.restrict(logits, batch), batch), optimizer, seed },
  );
  try {
    const { matrix } = await new TaskTrainer<Tensor>(stack, {
      stream,
      batchSize,
      epochs,
      onProgress(event) {
        if (event.kind === 'step') losses.push(event.loss);
      },
    }).fit();
    const drawn = all.map((task, t) => task.map((rows, update) => rows.subarray(own[t]![update]!.length)));
    return { weights, own, drawn, losses, matrix: matrix.rows };
  } finally {
    stack.detach();
    optimizer.dispose();
    model.dispose();
  }
}
