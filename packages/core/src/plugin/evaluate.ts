import type { Tensor } from '@tensorflow/tfjs-core';
import { hold, scoped } from '../engine-seam.ts';
import type { Batch, StepContext } from '../hooks/types.ts';
import { setEvaluationMode } from '../services/evaluation-mode.ts';
import { batchSize } from '../services/per-sample.ts';
import { shadow } from '../services/shadow.ts';
import { forwardAndLoss, markBatch, totalOf } from './forward.ts';
import type { Stack } from './stack.ts';

/** A scalar of one batch: its mean over samples is reported. */
export type Metric<Outputs> = (outputs: Outputs, batch: Batch) => Tensor;

export interface Evaluation {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly samples: number;
}

/** Mean loss and metrics over batches. Modules are in evaluation mode meanwhile, and afterwards as they were. */
export async function evaluate(
  stack: Stack<unknown>,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  metrics: Readonly<Record<string, Metric<unknown>>>,
): Promise<Evaluation> {
  const sums: Record<string, number> = {};
  let samples = 0;
  let index = 0;
  const restoreModes = setEvaluationMode(stack.modules());
  let measuredMeans: Record<string, number> | undefined;
  try {
    await stack.hooks.begin.evaluate.call({ step: stack.step_ });
    for await (const given of batches) {
      const context: StepContext = { step: stack.step_, microBatch: index++, microBatches: 1, mode: 'evaluate' };
      markBatch(stack, given);
      const batch = await stack.hooks.batch.call(given, context);
      const size = batchSize(batch);
      for (const [name, value] of Object.entries(measured(stack, batch, metrics, context))) {
        const [number = Number.NaN] = await value.data();
        value.dispose();
        sums[name] = (sums[name] ?? 0) + number * size;
      }
      samples += size;
    }
    const { loss = Number.NaN, ...means } = Object.fromEntries(
      Object.entries(sums).map(([name, sum]) => [name, sum / samples]),
    );
    measuredMeans = { loss, ...means };
    return { loss, metrics: means, samples };
  } finally {
    restoreModes();
    await stack.hooks.end.evaluate.call({ step: stack.step_, ...(measuredMeans && { metrics: measuredMeans }) });
  }
}

function measured(
  stack: Stack<unknown>,
  batch: Batch,
  metrics: Readonly<Record<string, Metric<unknown>>>,
  context: StepContext,
): Record<string, Tensor> {
  return shadow(() =>
    scoped(() => {
      const { outputs, terms } = forwardAndLoss(stack, batch, context);
      const values = Object.entries(metrics).map(([name, metric]) => [name, metric(outputs, batch)] as const);
      const all = { loss: totalOf(terms), ...Object.fromEntries(values) };
      for (const each of Object.values(all)) hold(each);
      return all;
    }),
  );
}
