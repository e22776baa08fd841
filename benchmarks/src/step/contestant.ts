import { DeviceMeter } from '../device-meter.ts';
import { serve, times } from '../serve.ts';
import { adapterName, provideGpu } from './backends/gpu.ts';
import type { NetworkTask } from './networks/task.ts';
import type { Backend, Values } from './task.ts';

/** One way to do the step. */
export interface Contestant {
  /** Loss and all gradients of one step, on the host, gradients under the names of the weights. */
  gradients(): Promise<StepResult>;
  /** One step whose results are computed and dropped; its end is waited for. */
  step(): Promise<void>;
  /** Absent where a peer offers no way to count its tensors. */
  memory?(): Promise<TensorMemory>;
}

export interface StepResult {
  readonly loss: number;
  readonly gradients: Values;
}

/** Bytes of unique buffers, as tensors take them. */
export interface TensorMemory {
  /** Highest during a step, weights and batch included. */
  readonly peak: number;
  /** Weights and batch. */
  readonly resident: number;
  /** The peak when the classifier alone is trained. */
  readonly headOnlyPeak?: number;
}

export interface Memory {
  readonly tensors: TensorMemory | undefined;
  /** Most bytes that the buffers on the device took over the first steps, kept ones included; on webgpu only. */
  readonly devicePeak: number | undefined;
}

export interface Preparation {
  readonly task: NetworkTask;
  readonly backend: Backend;
}

const warmUps = 3;

/** Serves a contestant that `make` builds for the task of the first request. */
export function compete(make: (task: NetworkTask, backend: Backend) => Promise<Contestant>): void {
  let contestant: Contestant;
  let meter: DeviceMeter | undefined;
  serve({
    /** @returns the adapter's name, where there is one */
    async prepare({ task, backend }: Preparation): Promise<string | undefined> {
      const gpu = backend === 'webgpu' ? await provideGpu() : undefined;
      if (gpu) meter = new DeviceMeter().open();
      contestant = await make(task, backend);
      return gpu && adapterName(gpu);
    },
    async memory(): Promise<Memory> {
      for (let run = 0; run < warmUps; run++) await contestant.step();
      const devicePeak = meter?.peak;
      return { devicePeak, tensors: await contestant.memory?.() };
    },
    gradients: () => contestant.gradients(),
    time: (count: number) => times(count, () => contestant.step()),
  });
}

/** Gradients under the names and shapes of the weights. */
export async function collect(
  { weights }: NetworkTask,
  read: (name: string) => Promise<ArrayLike<number>>,
): Promise<Values> {
  const entries = Object.entries(weights).map(
    async ([name, { shape }]) => [name, { shape, data: Float32Array.from(await read(name)) }] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}
