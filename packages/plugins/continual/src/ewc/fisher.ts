import {
  type Batch,
  batchSize,
  disposeBatch,
  type PluginContext,
  type StackSnapshot,
  TapgradError,
  type Task,
} from '@tapgrad/core';
import { add, dispose, div, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { eachSample, isChosen, sizeOf } from './chosen-samples.ts';
import { fisherOfBatchMean, fisherOfSample, weightedFisherOfSample } from './math.ts';
import type { FisherOptions } from './options.ts';
import { sampledLabels } from './sampled-labels.ts';

type Services = Pick<PluginContext<unknown>, 'trainableParameters' | 'perSampleGradients' | 'snapshotStack' | 'random'>;

/**
 * The diagonal of the Fisher information of the user's own loss on a task's data, for the parameters that train now: the mean
 * over samples of squared gradients, in evaluation mode.
 * @returns a tensor for each parameter, the caller's
 * @throws TapgradError TASK_EMPTY
 */
export async function fisherOf(services: Services, task: Task, options: FisherOptions): Promise<Map<string, Tensor>> {
  const [total, ofBatch] = [new Sums(), new Sums()];
  const names = new Set(services.trainableParameters().keys());
  const parameters = (name: string) => names.has(name);
  const all = options.samples === 'all' ? 0 : await sizeOf(task, options.batchSize);
  const count = options.samples === 'all' ? Number.POSITIVE_INFINITY : options.samples;
  const labels = options.labels === 'sampled' ? new OwnLabels(services, task, options) : undefined;
  let [seen, terms] = [0, 0];
  try {
    for await (const batch of task.batches(options.batchSize)) {
      try {
        const rows = Array.from({ length: batchSize(batch) }, (_, row) => row).filter((row) =>
          isChosen(seen + row, count, all),
        );
        const targets = await labels?.of(batch, seen);
        try {
          eachSample(targets ? { ...batch, targets } : batch, rows, (sample, row) =>
            services.perSampleGradients(sample, { parameters, pass: seen + row }, (gradients, _, loss) => {
              for (const [name, gradient] of gradients) {
                if (options.fisher === 'batch-mean') ofBatch.add(name, gradient);
                else if (options.fisher === 'weighted') total.add(name, weightedFisherOfSample(gradient, loss));
                else total.add(name, fisherOfSample(gradient));
              }
            }),
          );
        } finally {
          targets?.dispose();
        }
        tidy(() => {
          for (const [name, sum] of ofBatch.all) total.add(name, fisherOfBatchMean(sum, rows.length));
        });
        ofBatch.dispose();
        seen += batchSize(batch);
        terms += options.fisher === 'batch-mean' ? Math.min(1, rows.length) : rows.length;
      } finally {
        disposeBatch(batch);
      }
    }
    if (terms === 0) throw emptyTask(task);
    return new Map([...total.all].map(([name, sum]) => [name, keep(tidy(() => div(sum, terms)))]));
  } finally {
    total.dispose();
    ofBatch.dispose();
    labels?.dispose();
  }
}

/** Running sums by name. */
class Sums {
  readonly all = new Map<string, Tensor>();

  add(name: string, term: Tensor): void {
    const before = this.all.get(name);
    // What is added first is copied: a gradient is not ours.
    this.all.set(name, keep(tidy(() => (before ? add(before, term) : add(term, 0)))));
    before?.dispose();
  }

  dispose(): void {
    for (const sum of this.all.values()) sum.dispose();
    this.all.clear();
  }
}

/** Batches with labels that the model draws itself. */
class OwnLabels {
  private readonly model: StackSnapshot;

  constructor(
    private readonly services: Services,
    private readonly task: Task,
    private readonly options: FisherOptions,
  ) {
    this.model = services.snapshotStack();
  }

  async of(batch: Batch, first: number): Promise<Tensor> {
    const inputs = Array.isArray(batch.inputs) ? batch.inputs : [batch.inputs];
    const outputs = this.model.predict(...inputs);
    try {
      const classes = this.options.sampledFrom === 'task' ? this.task.classes : undefined;
      const random = (row: number) => this.services.random('labels', first + row);
      return await sampledLabels(outputs, random, classes);
    } finally {
      dispose(outputs as never);
    }
  }

  dispose(): void {
    this.model.dispose();
  }
}

function emptyTask({ name }: Task): TapgradError {
  return new TapgradError({
    code: 'TASK_EMPTY',
    message: `task ${name} gave no samples to take the Fisher information from`,
    fix: 'let batches() of the task give its training data each time it is called',
  });
}
