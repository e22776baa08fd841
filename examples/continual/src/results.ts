import type { Settings } from './options.ts';

/** Bytes at the peak of a task's training, by category. */
export interface TaskMemory {
  readonly peakBytes: number;
  readonly categories: Readonly<Record<string, number>>;
  /** Of the samples that the replay memory held at the end, with their side data. */
  readonly replayBytes: number;
  readonly replaySamples: number;
}

/** One line of the run's log: it is written as it happens, and outlives the process. */
export type LogEntry =
  | {
      readonly kind: 'step';
      /** Updates from the first task on, this one included. */
      readonly step: number;
      readonly task: number;
      readonly loss: number;
      /** By name; the task's own among them. */
      readonly terms: Readonly<Record<string, number>>;
      readonly ms: number;
    }
  | {
      readonly kind: 'accuracy';
      readonly step: number;
      /** The task that was being trained, and whether it was finished. */
      readonly task: number;
      readonly end: boolean;
      /** By task; in the course of one, of those up to it. */
      readonly accuracy: readonly number[];
      readonly ms: number;
    }
  | { readonly kind: 'memory'; readonly step: number; readonly task: number; readonly memory: TaskMemory };

/** Everything that the report shows. */
export interface RunResult {
  readonly settings: Settings;
  readonly command: string;
  readonly data: string;
  readonly model: string;
  readonly parameters: number;
  readonly learningRate: number;
  readonly trainSize: number;
  readonly testSize: number;
  /** Labels of each task, in the order of the stream. */
  readonly tasks: readonly { readonly name: string; readonly labels: readonly string[]; readonly trainSize: number }[];
  /** Accuracy of every task before any training. */
  readonly baseline: readonly number[];
  /** `[trained task][task]`, 0 to 1; one row for each task that is finished. */
  readonly matrix: readonly (readonly number[])[];
  /** By name; a metric that does not exist, as forgetting after one task, is null. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly log: readonly LogEntry[];
  /** Updates made, and those that there are in all tasks together. */
  readonly steps: number;
  readonly allSteps: number;
  readonly finished: boolean;
  /** Seconds of training and evaluation, of all sittings together. */
  readonly seconds: number;
}
