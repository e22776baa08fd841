/** Bytes alive over one training step, by category. */
export interface MemoryTrace {
  readonly categories: readonly string[];
  /** Since the step began, in milliseconds, one number a change. */
  readonly milliseconds: readonly number[];
  /** `[category][change]` */
  readonly bytes: readonly (readonly number[])[];
}

/** What one method did. */
export interface MethodResult {
  readonly name: string;
  readonly trainableParameters: number;
  /** Highest bytes of unique buffers in a training step, weights included. */
  readonly peakBytes: number;
  /** `peakBytes` taken apart. */
  readonly peakByCategory: Readonly<Record<string, number>>;
  /** Highest bytes kept for the backward pass. */
  readonly savedBytes: number;
  /** Median of the training steps. */
  readonly stepMs: number;
  /** On the test sentences, 0 to 1. */
  readonly accuracy: number;
  /** Of each training step. */
  readonly losses: readonly number[];
  readonly memory: MemoryTrace;
  /** The file with the trained weights, relative to the current directory. */
  readonly saved: string;
}

/** A whole run: the task, the setting and every method that finished. */
export interface RunResult {
  readonly task: string;
  readonly model: string;
  readonly backend: string;
  readonly classes: number;
  readonly trainSize: number;
  readonly testSize: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  readonly majorityAccuracy: number;
  readonly methods: readonly MethodResult[];
}

// The first and last loss of noisy batches: means over a few steps.
const window = 5;
const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;

/** The object that `--json` prints. */
export function summary({ majorityAccuracy, methods }: RunResult): object {
  return {
    majorityAccuracy,
    methods: methods.map(({ name, trainableParameters, peakBytes, savedBytes, stepMs, accuracy, losses }) => ({
      name,
      trainableParameters,
      peakBytes,
      savedBytes,
      stepMs,
      accuracy,
      lossFirst: mean(losses.slice(0, window)),
      lossLast: mean(losses.slice(-window)),
    })),
  };
}
