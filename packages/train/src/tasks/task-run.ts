import { randomStream, type Stack } from '@tapgrad/core';
import type { OpenCheckpoint } from '../checkpoint/checkpoint.ts';
import type { RunEvaluator } from '../trainer/evaluator.ts';
import type { EndReason, Events } from '../trainer/events.ts';
import type { TrainerOptions } from '../trainer/options.ts';
import type { Position } from '../trainer/position.ts';
import { Run, type RunCheckpoints } from '../trainer/run.ts';
import { limitsOf, type TaskTrainerOptions } from './task-options.ts';
import type { StreamTask } from './task-stream.ts';

/** What a stream gives the run of one of its tasks. */
export interface TaskRunParts {
  readonly task: StreamTask;
  readonly resumed: (OpenCheckpoint & { readonly run: Position }) | undefined;
  readonly checkpoints: RunCheckpoints | undefined;
  readonly curve: {
    /** Whether a point belongs here that was not measured yet. */
    isDue(): boolean;
    measure(): Events<EndReason | undefined>;
  };
}

/** Updates of the whole stream; undefined where a task's data do not say how many they are. */
export function updatesOf(options: TaskTrainerOptions<never>): number | undefined {
  let total = 0;
  for (const task of options.stream.tasks) {
    const { epochs = Number.POSITIVE_INFINITY, steps = Number.POSITIVE_INFINITY } = limitsOf(options, task);
    const { length } = task.train({ batchSize: options.batchSize, dropLast: options.dropLast ?? false });
    if (length === undefined && !Number.isFinite(steps)) return undefined;
    const perEpoch = length === undefined ? Number.POSITIVE_INFINITY : Math.ceil(length / (options.accumulate ?? 1));
    total += Math.min(steps, epochs * perEpoch);
  }
  return total;
}

/** The run of one task: a trainer's, but that it begins and ends a task. */
export function taskRun<Outputs>(
  stack: Stack<Outputs>,
  options: TaskTrainerOptions<Outputs>,
  { task, resumed, checkpoints, curve }: TaskRunParts,
): Run<Outputs> {
  const { batchSize, shuffle = true, dropLast = false, seed = stack.seed, augment } = options;
  const own = randomStream(seed, 'task', task.index).bits();
  const data = task.train({ batchSize, shuffle, dropLast, seed: own, ...(augment && { augment }) });
  const evaluator: RunEvaluator = {
    get isDueAfterStep() {
      return curve.isDue();
    },
    isDueAfterEpoch: false,
    patienceIsOver: false,
    isDone: true,
    evaluate: () => curve.measure(),
    async restoreBest() {},
  };
  const { accumulate, schedule, clip, allowNonFinite, signal } = options;
  const given = { accumulate, schedule, clip, allowNonFinite, signal };
  const trainer = {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...limitsOf(options as TaskTrainerOptions<never>, task),
    data,
  } as TrainerOptions<Outputs>;
  return new Run(stack, trainer, checkpoints, resumed, () => evaluator, {
    part: 'task',
    details: { index: task.index, task },
  });
}
