import { memoryOf } from '@tapgrad/continual';
import type { Stack } from '@tapgrad/core';
import type { AccuracyMatrix, StepEvent, TaskEvaluationEvent } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import { taskAccuracies } from './joint.ts';
import { type Progress, showProgress } from './progress.ts';
import type { TaskMemory } from './results.ts';
import type { RunFolder } from './run-folder.ts';
import type { RunFacts } from './run-result.ts';
import { matrixHead, matrixRow } from './table.ts';

/** Of so many of the last updates the mean says how long the rest will take. */
const timed = 30;

/** Shows a run as it goes, and keeps its log. */
export class Watch {
  private progress: Progress | undefined;
  private times: number[] = [];
  private headShown = false;

  constructor(
    private readonly facts: RunFacts,
    private readonly stack: Stack<Tensor>,
    private readonly folder: RunFolder,
    private readonly matrix: () => AccuracyMatrix,
  ) {
    stack.ledger.resetPeak();
  }

  step({ task, step: inTask, steps = 0, loss, terms, stepMs: ms, peakBytes }: StepEvent): void {
    const { index = 0, count = 1, stepsBefore = 0 } = task ?? {};
    const step = stepsBefore + inTask;
    if (step > 1 && this.times.length === 0) this.goingOn(step - 1, index);
    const label = count === 1 ? 'all tasks' : `task ${index + 1}/${count}`;
    this.progress ??= showProgress(label, { first: stepsBefore, last: stepsBefore + steps });
    this.folder.log({ kind: 'step', step, task: index, loss, terms, ms });
    this.times = [...this.times, ms].slice(-timed);
    const mean = this.times.reduce((total, each) => total + each, 0) / this.times.length;
    this.progress.step({ step, loss, stepMs: mean, peakBytes, etaMs: mean * (this.facts.steps - step) });
  }

  async evaluation({ when, task: { index }, step, accuracies, ms }: TaskEvaluationEvent): Promise<void> {
    const { settings, stream } = this.facts;
    const joint = settings.method === 'joint';
    const end = when === 'after';
    const trained = this.times.length > 0;
    if (end && !trained) this.goingOn(step, index);
    // What a process that has made no step takes is not what training took.
    if (end && trained) this.folder.log({ kind: 'memory', step, task: index, memory: this.memory() });
    if (joint && when === 'before') return;
    const accuracy = joint ? await taskAccuracies(this.stack, stream, settings.batch) : accuracies;
    if (when !== 'before') this.folder.log({ kind: 'accuracy', step, task: index, end, accuracy, ms });
    if (when !== 'during') {
      this.end();
      this.row(accuracy, joint ? accuracy.length - 1 : end ? index : -1);
      this.stack.ledger.resetPeak();
    }
  }

  /** Takes the progress line off the screen. */
  end(): void {
    this.progress?.end();
    this.progress = undefined;
  }

  /** @param learned tasks whose rows are there */
  private goingOn(step: number, learned: number): void {
    console.log(`going on behind step ${step} of ${this.facts.steps}`);
    const rows = this.matrix().rows.slice(0, learned);
    rows.forEach((row, task) => {
      this.row(row, task);
    });
  }

  private row(accuracy: readonly number[], trained: number): void {
    if (!this.headShown) console.log(matrixHead(accuracy.length));
    this.headShown = true;
    console.log(matrixRow(accuracy, trained));
  }

  private memory(): TaskMemory {
    const { bytes, categories } = this.stack.ledger.peak();
    const replay = memoryOf(this.stack.model);
    return {
      peakBytes: bytes,
      categories: { ...categories },
      replayBytes: replay?.bytes ?? 0,
      replaySamples: replay?.size ?? 0,
    };
  }
}
