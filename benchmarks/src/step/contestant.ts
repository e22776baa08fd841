import { serve, times } from '../serve.ts';
import { network, type Task, type Values } from './network.ts';

/** One way to do the step. */
export interface Contestant {
  /** Loss and all gradients of one step, on the host, gradients under the names of the weights. */
  gradients(): StepResult | Promise<StepResult>;
  /** One step whose results are computed and dropped. */
  step(): void | Promise<void>;
  /** Absent where a peer offers no way to count its buffers. */
  memory?(): Memory;
}

export interface StepResult {
  readonly loss: number;
  readonly gradients: Values;
}

/** Bytes of unique buffers. */
export interface Memory {
  /** Highest during a step, weights and batch included. */
  readonly peak: number;
  /** Weights and batch. */
  readonly resident: number;
  /** The peak when the classifier alone is trained. */
  readonly headOnlyPeak?: number;
}

/** Serves a contestant that `make` builds for the task of the first request. */
export function compete(make: (task: Task) => Promise<Contestant>): void {
  let contestant: Contestant;
  serve({
    async prepare(task: Task) {
      contestant = await make(task);
    },
    gradients: () => contestant.gradients(),
    memory: () => contestant.memory?.(),
    time: (count: number) => times(count, () => contestant.step()),
  });
}

/** Gradients under the names and shapes of the weights. */
export function collect(task: Task, read: (name: string) => Float32Array): Values {
  return Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape }]) => [name, { shape, data: read(name) }]),
  );
}

export const inputShape = [network.batch, network.tokens, network.width] as const;
