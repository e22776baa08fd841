import { attach } from '@tapgrad/core';
import { accuracy, crossEntropy } from '@tapgrad/nn';
import { adamw, type BatchSource, cosine, Trainer, warmup } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { median } from '../../statistics.ts';
import { disposedAfterUse } from './disposed-after-use.ts';
import type { Classifier, Method } from './method.ts';

export interface TrainingRun {
  readonly train: BatchSource;
  /** Judged once, after the last update. */
  readonly test: BatchSource;
  readonly epochs: number;
  readonly learningRate: number;
  readonly weightDecay?: number;
  readonly seed: number;
}

/** What one training came to. */
export interface Outcome {
  /** On the test part, 0 to 1. */
  readonly accuracy: number;
  readonly trainableParameters: number;
  /** Most bytes of unique buffers in the training steps, weights and optimizer included. */
  readonly peakBytes: number;
  /** Of these, bytes kept for the backward pass. */
  readonly savedBytes: number;
  /** Median of the training steps. */
  readonly stepMs: number;
}

const warmupShare = 0.1;

/**
 * Trains a fresh model by a method: AdamW, warm-up over a tenth of the steps, cosine to 0. The model is used up.
 * A loss that leaves the finite numbers counts as accuracy 0: the learning rate was too high.
 */
export async function trainOnce<Model extends Classifier>(
  model: Model,
  method: Method<Model>,
  { train, test, epochs, learningRate, weightDecay = 0.01, seed }: TrainingRun,
): Promise<Outcome> {
  const optimizer = adamw({ learningRate, weightDecay });
  const stack = attach<Tensor>(model, method.prepare(model), { loss: crossEntropy, optimizer, seed });
  try {
    const steps = epochs * (train.length ?? 0);
    const trainer = new Trainer<Tensor>(stack, {
      data: train,
      epochs,
      schedule: warmup(Math.ceil(warmupShare * steps), cosine()),
      allowNonFinite: true,
    });
    const times: number[] = [];
    let finite = true;
    for await (const event of trainer.events()) {
      if (event.kind !== 'step') continue;
      times.push(event.stepMs);
      finite &&= Number.isFinite(event.loss);
    }
    // Judging may hold more than a step does.
    const { bytes, categories } = stack.ledger.peak();
    const judged = finite ? await stack.evaluate(disposedAfterUse(test), { accuracy }) : undefined;
    return {
      accuracy: judged?.metrics.accuracy ?? 0,
      trainableParameters: [...stack.trainableParameters().values()].reduce((total, { size }) => total + size, 0),
      peakBytes: bytes,
      savedBytes: categories.saved,
      stepMs: median(times),
    };
  } finally {
    stack.detach();
    optimizer.dispose();
    model.dispose();
  }
}
