import { attach, type Batch, type Module, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw, type BatchSource, type EvaluationEvent, linear, Trainer, warmup } from '@tapgrad/train';
import * as tf from '@tensorflow/tfjs-core';
import type { TokenBatch } from './data/batches.ts';
import { memoryTrace } from './memory-trace.ts';
import type { Method } from './methods.ts';
import type { MethodName } from './options.ts';
import type { Progress } from './progress.ts';
import type { MemoryTrace, MethodResult } from './results.ts';

export interface TrainOptions {
  readonly batches: readonly TokenBatch[];
  readonly test: readonly TokenBatch[];
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface StackSettings {
  readonly classes: number;
  readonly seed: number;
  /** Default: the method's own. */
  readonly learningRate?: number | undefined;
}

const warmupShare = 0.1;

/** The model with a method's plugins, ready to train or to predict. */
export function stackOf(
  model: Module<[tf.Tensor]>,
  method: Method,
  { classes, seed, learningRate = method.learningRate }: StackSettings,
): Stack<tf.Tensor> {
  return attach(model, method.prepare(model, classes), {
    loss: (logits, { targets }) => crossEntropy(logits, targets as tf.Tensor),
    optimizer: adamw({ learningRate }),
    seed,
  });
}

/** Frees what `stackOf` made, and the model. */
export function release(stack: Stack<tf.Tensor>, model: Module<[tf.Tensor]>): void {
  stack.detach();
  stack.options.optimizer?.dispose();
  model.dispose();
}

/** Trains once over the batches, then measures accuracy. Resolves to undefined when it was aborted. */
export async function trainMethod(
  name: MethodName,
  stack: Stack<tf.Tensor>,
  { batches, test, signal, progress }: TrainOptions,
): Promise<Omit<MethodResult, 'saved'> | undefined> {
  const steps = batches.length;
  const trainer = new Trainer(stack, {
    data: source(batches),
    epochs: 1,
    schedule: warmup(Math.ceil(warmupShare * steps), linear()),
    evaluation: { data: source(test), metrics: { accuracy: hits } },
    signal,
  });
  const losses: number[] = [];
  const times: number[] = [];
  const traced = widest(batches);
  let memory: MemoryTrace | undefined;
  if (traced === 0) stack.ledger.recordTimeline(Number.POSITIVE_INFINITY);
  let evaluation: EvaluationEvent | undefined;
  for await (const event of trainer.events()) {
    if (event.kind === 'evaluation') evaluation = event;
    if (event.kind !== 'step') continue;
    losses.push(event.loss);
    times.push(event.stepMs);
    progress.step(event);
    if (event.step === traced) stack.ledger.recordTimeline(Number.POSITIVE_INFINITY);
    if (event.step === traced + 1) memory = memoryTrace(stack.ledger.samples());
  }
  const { bytes, categories } = stack.ledger.peak();
  if (!evaluation || !memory) return undefined;
  return {
    name,
    trainableParameters: [...stack.trainableParameters().values()].reduce((total, { size }) => total + size, 0),
    peakBytes: bytes,
    peakByCategory: categories,
    savedBytes: Math.max(0, ...(memory.bytes[memory.categories.indexOf('saved')] ?? [])),
    stepMs: median(times),
    losses,
    memory,
    accuracy: Math.round(evaluation.metrics.accuracy! * evaluation.samples) / evaluation.samples,
  };
}

/** Share of sentences whose largest logit is that of their class. */
function hits(logits: tf.Tensor, { targets }: Batch): tf.Tensor {
  return tf.mean(tf.cast(tf.equal(tf.argMax(logits, -1), targets as tf.Tensor), 'float32'));
}

/** One epoch of batches whose tensors are made when their turn comes. */
function source(batches: readonly TokenBatch[]): BatchSource {
  return {
    length: batches.length,
    fresh: true,
    *batches(_epoch, from = 0) {
      for (const { ids, tokens, classes } of batches.slice(from)) {
        yield {
          inputs: tf.tensor2d(ids, [classes.length, tokens], 'int32'),
          targets: tf.tensor1d(classes, 'int32'),
        };
      }
    },
  };
}

/** The batch with the most tokens: the memory of its step is plotted. */
function widest(batches: readonly TokenBatch[]): number {
  return batches.reduce((best, { ids }, index) => (ids.length > batches[best]!.ids.length ? index : best), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
