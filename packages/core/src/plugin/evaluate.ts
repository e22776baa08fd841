import type { Tensor } from '@tensorflow/tfjs-core';
import { hold, scoped } from '../engine-seam.ts';
import type { Batch, LifeCycleContext, StepContext } from '../hooks/types.ts';
import { setEvaluationMode } from '../services/evaluation-mode.ts';
import { batchSize } from '../services/per-sample.ts';
import { forwardAndLoss, markBatch, shadowOf, totalOf } from './forward.ts';
import type { Stack } from './stack.ts';

/** A scalar of one batch: its mean over samples is reported. */
export type Metric<Outputs> = (outputs: Outputs, batch: Batch) => Tensor;

export interface Evaluation {
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  readonly samples: number;
}

export interface EvaluationDetails extends Omit<LifeCycleContext, 'step' | 'metrics'> {
  /** Whether the loss is measured too; default true. Without it targets may be such as the loss has no answer for. */
  readonly withLoss?: boolean;
}

/** Mean loss and metrics over batches. Modules are in evaluation mode meanwhile, and afterwards as they were. */
export async function evaluate(
  stack: Stack<unknown>,
  batches: Iterable<Batch> | AsyncIterable<Batch>,
  metrics: Readonly<Record<string, Metric<unknown>>>,
  { withLoss = true, ...details }: EvaluationDetails = {},
): Promise<Evaluation> {
  const sums: Record<string, number> = {};
  let samples = 0;
  let index = 0;
  const restoreModes = setEvaluationMode(stack.modules());
  let measuredMeans: Record<string, number> | undefined;
  try {
    await stack.hooks.begin.evaluate.call({ ...details, step: stack.step_ });
    for await (const given of batches) {
      const context: StepContext = { step: stack.step_, microBatch: index++, microBatches: 1, mode: 'evaluate' };
      markBatch(stack, given);
      const batch = await stack.hooks.batch.call(given, context);
      const size = batchSize(batch);
      for (const [name, value] of Object.entries(measured(stack, batch, metrics, context, withLoss))) {
        const [number = Number.NaN] = await value.data();
        value.dispose();
        sums[name] = (sums[name] ?? 0) + number * size;
      }
      samples += size;
    }
    const { loss = Number.NaN, ...means } = Object.fromEntries(
      Object.entries(sums).map(([name, sum]) => [name, sum / samples]),
    );
    measuredMeans = withLoss ? { loss, ...means } : means;
    return { loss, metrics: means, samples };
  } finally {
    restoreModes();
    const metricsOf = measuredMeans && { metrics: measuredMeans };
    await stack.hooks.end.evaluate.call({ ...details, step: stack.step_, ...metricsOf });
  }
}

function measured(
  stack: Stack<unknown>,
  batch: Batch,
  metrics: Readonly<Record<string, Metric<unknown>>>,
  context: StepContext,
  withLoss: boolean,
): Record<string, Tensor> {
  const run = () =>
    scoped(() => {
      const { outputs, terms } = forwardAndLoss(stack, batch, context, { outputsOnly: !withLoss });
      const values = Object.entries(metrics).map(([name, metric]) => [name, metric(outputs, batch)] as const);
      const all = { ...(withLoss && { loss: totalOf(terms) }), ...Object.fromEntries(values) };
      for (const each of Object.values(all)) hold(each);
      return all;
    });
  return shadowOf(stack, run, context.microBatch);
}
