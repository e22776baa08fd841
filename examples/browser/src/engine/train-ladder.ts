import type { Batch, Stack } from '@tapgrad/core';
import { type EvaluationEvent, linear, padTokens, sampleBatches, Trainer, warmup } from '@tapgrad/train';
import { argMax, cast, equal, mean, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import type { Example, Progress, TrainingSettings } from './messages.ts';

export interface TrainLadderOptions {
  readonly train: readonly Example[];
  readonly test: readonly Example[];
  readonly labels: readonly string[];
  readonly encode: (text: string) => readonly number[];
  readonly settings: TrainingSettings;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
}

export interface TrainedLadder {
  readonly evaluation: EvaluationEvent | undefined;
  readonly steps: number;
  /** Of the last step; NaN without one. */
  readonly loss: number;
  readonly peakBytes: number;
}

const warmupShare = 0.1;
const longest = 128;

/** Trains until the last step, or until the signal; then measures on the sentences that were kept back. */
export async function trainLadder(
  stack: Stack<Tensor>,
  { train, test, labels, encode, settings, signal, progress }: TrainLadderOptions,
): Promise<TrainedLadder> {
  const { steps, batchSize, seed } = settings;
  const source = (examples: readonly Example[], shuffle: boolean) => {
    const samples = examples.map(({ text, label }) => ({ ids: encode(text), target: labels.indexOf(label) }));
    return sampleBatches(samples, (batch) => collated(batch), { batchSize, shuffle, seed });
  };
  const trainer = new Trainer(stack, {
    data: source(train, true),
    steps,
    schedule: warmup(Math.ceil(warmupShare * steps), linear()),
    // Only at the end: of a short run an evaluation after each epoch would be the larger part.
    ...(test.length > 0 && { evaluation: { data: source(test, false), metrics: { accuracy: hits }, every: steps } }),
    signal,
  });
  let evaluation: EvaluationEvent | undefined;
  const last = { steps: 0, loss: Number.NaN };
  let peakBytes = 0;
  stack.ledger.resetPeak();
  for await (const event of trainer.events()) {
    if (event.kind === 'evaluation') evaluation = event;
    if (event.kind !== 'step') continue;
    const { bytes, categories } = stack.ledger.peak();
    stack.ledger.resetPeak();
    peakBytes = Math.max(peakBytes, bytes);
    const { step, loss, stepMs, etaMs } = event;
    Object.assign(last, { steps: step, loss });
    progress({ step, steps, loss, stepMs, etaMs, peakBytes: bytes, memory: categories });
  }
  return { evaluation, ...last, peakBytes };
}

/** Token ids `[sentences, tokens]`, padded with -1. Few lengths occur, so that few shapes have to be compiled for. */
export function idsOf(sentences: readonly (readonly number[])[]): Tensor {
  // A sentence without any known token is a single unknown one, so that no row is empty.
  const rows = sentences.map((ids) => (ids.length > 0 ? ids.slice(0, longest) : [0]));
  const { ids, mask } = padTokens(rows, { padding: -1, multipleOf: 8 });
  mask.dispose();
  return ids;
}

function collated(batch: readonly { ids: readonly number[]; target: number }[]): Batch {
  return {
    inputs: idsOf(batch.map(({ ids }) => ids)),
    targets: tensor1d(
      batch.map(({ target }) => target),
      'int32',
    ),
  };
}

/** Share of sentences whose largest logit is that of their class. */
function hits(logits: Tensor, { targets }: Batch): Tensor {
  return mean(cast(equal(argMax(logits, -1), targets as Tensor), 'float32'));
}
