import { memoryOf } from '@tapgrad/continual';
import { attach, type Optimizer } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { type AccuracyMatrix, type TaskStream, TaskTrainer } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { median } from '../../statistics.ts';
import type { Candidate, Classifier } from './method.ts';
import { type RunResult, rounded } from './rows.ts';

export interface StreamRun {
  readonly stream: TaskStream;
  readonly batchSize: number;
  /** Of each task. */
  readonly epochs: number;
  optimizer(): Optimizer;
  readonly seed: number;
}

type Outcome = Omit<RunResult, 'command' | 'machine'>;

/** Trains a fresh model over a stream of tasks and measures every task after every task. The model is used up. */
export async function trainStream(
  model: Classifier,
  candidate: Candidate,
  { stream, batchSize, epochs, optimizer: makeOptimizer, seed }: StreamRun,
): Promise<Outcome> {
  const optimizer = makeOptimizer();
  let trainedSamples = 0;
  const stack = attach<Tensor>(model, candidate.plugins(), {
    // Evaluation asks for no loss: what comes here is differentiated.
    loss(logits, batch) {
      trainedSamples += logits.shape[0]!;
      return crossEntropy(stream.restrict(logits, batch), batch);
    },
    optimizer,
    seed,
  });
  try {
    const times: number[] = [];
    const trainer = new TaskTrainer<Tensor>(stack, {
      stream,
      batchSize,
      epochs,
      onProgress(event) {
        if (event.kind === 'step') times.push(event.stepMs);
      },
    });
    const { matrix } = await trainer.fit();
    const { bytes } = stack.ledger.peak();
    const memory = memoryOf(model);
    return {
      ...figures(matrix),
      steps: times.length,
      trainedSamples,
      stepMs: median(times),
      peakBytes: bytes,
      ...(memory && { memoryBytes: memory.bytes }),
    };
  } finally {
    stack.detach();
    optimizer.dispose();
    model.dispose();
  }
}

function figures(
  matrix: AccuracyMatrix,
): Omit<Outcome, 'steps' | 'trainedSamples' | 'stepMs' | 'peakBytes' | 'memoryBytes'> {
  const { rows, baseline, backwardTransfer, forwardTransfer } = matrix;
  const forgetting = matrix.forgetting();
  const learnt = rows.map((row, task) => row[task]!);
  return {
    matrix: rows.map((row) => row.map(rounded)),
    ...(baseline && { baseline: baseline.map(rounded) }),
    averageAccuracy: rounded(matrix.averageAccuracy!),
    ...(forgetting !== undefined && { forgetting: rounded(forgetting) }),
    ...(backwardTransfer !== undefined && { backwardTransfer: rounded(backwardTransfer) }),
    ...(forwardTransfer !== undefined && { forwardTransfer: rounded(forwardTransfer) }),
    learningAccuracy: rounded(learnt.reduce((total, each) => total + each, 0) / learnt.length),
  };
}
