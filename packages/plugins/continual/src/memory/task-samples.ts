import { type Batch, disposeBatch, type LossContext, type PluginContext, TapgradError, type Task } from '@tapgrad/core';
import { dispose, Tensor, tidy } from '@tensorflow/tfjs-core';
import { sideOf, storedLeaves } from './arrivals.ts';
import { labelsOf } from './labels.ts';
import { rowsOf } from './leaves.ts';
import { choose, herdingOrder } from './math.ts';
import type { Memory } from './memory.ts';
import type { SampleInfo } from './policies.ts';

type Teacher = ReturnType<PluginContext<unknown>['snapshotStack']>;
type Services = Pick<PluginContext<unknown>, 'snapshotStack' | 'random' | 'step'>;
/** Runs the model, and gives what passed the tap of features meanwhile. */
export type Features = (run: () => void) => Tensor | undefined;

/**
 * At the end of a task: of each of its classes the samples that herding ranks first, in equal shares of all classes so far. A
 * class that comes again in another task counts as another.
 */
export async function herd(memory: Memory, services: Services, task: Task, features: Features): Promise<void> {
  await withTeacher(services, async (teacher) => {
    const byClass = new Map<number, { index: number; features: Float32Array }[]>();
    let index = 0;
    for await (const batch of task.batches()) {
      try {
        const labels = await labelsOf(batch);
        const rows = await featureRows(teacher, batch, features);
        if (index === 0) measure(memory, services, teacher, batch);
        for (const [row, label] of labels.entries()) {
          const known = byClass.get(label) ?? [];
          byClass.set(label, known);
          known.push({ index: index++, features: rows[row] as Float32Array });
        }
      } finally {
        disposeBatch(batch);
      }
    }
    const groups = new Map([...byClass].map(([label, samples]) => [`${task.index}:${label}`, { label, samples }]));
    const old = [...memory.groups()].filter((group) => !groups.has(group));
    const share = Math.floor(memory.capacity / (old.length + groups.size));
    const chosen = new Map<number, Omit<SampleInfo, 'order'>>();
    for (const [group, { label, samples }] of groups) {
      const vectors = samples.map((each) => each.features);
      for (const [rank, place] of herdingOrder(vectors, share).entries()) {
        chosen.set(samples[place]?.index as number, { label, group, rank });
      }
    }
    memory.shrink(share, new Set(groups.keys()));
    await collect(memory, teacher, task, chosen);
  });
}

/** At the end of a task: `count` of its samples, whichever, in equal chances. */
export async function takeTaskBatch(memory: Memory, services: Services, task: Task, count: number): Promise<void> {
  await withTeacher(services, async (teacher) => {
    let total = 0;
    for await (const batch of task.batches()) {
      if (total === 0) measure(memory, services, teacher, batch);
      total += rowsOf(batch);
      disposeBatch(batch);
    }
    const places = choose(total, count, services.random('task-batch'));
    await collect(memory, teacher, task, new Map(places.map((place) => [place, undefined])), services.random('insert'));
  });
}

/** Adds the samples with these numbers; those without a group are offered as a stream is. */
async function collect(
  memory: Memory,
  teacher: Teacher,
  task: Task,
  chosen: ReadonlyMap<number, Omit<SampleInfo, 'order'> | undefined>,
  random?: ReturnType<Services['random']>,
): Promise<void> {
  let first = 0;
  for await (const batch of task.batches()) {
    try {
      const rows = rowsOf(batch);
      const here = Array.from({ length: rows }, (_, row) => row).filter((row) => chosen.has(first + row));
      if (here.length > 0) {
        const { leaves, free } = withSides(memory, teacher, batch);
        try {
          for (const row of here) {
            const info = chosen.get(first + row);
            if (info) memory.add(leaves, row, info);
            else if (random) memory.offer(leaves, row, undefined, random);
          }
        } finally {
          free();
        }
      }
      first += rows;
    } finally {
      disposeBatch(batch);
    }
  }
}

async function withTeacher(services: Services, f: (teacher: Teacher) => Promise<void>): Promise<void> {
  const teacher = services.snapshotStack();
  try {
    await f(teacher);
  } finally {
    teacher.dispose();
  }
}

async function featureRows(teacher: Teacher, batch: Batch, features: Features): Promise<Float32Array[]> {
  const value = tidy(() => features(() => void teacher.predict(...argumentsOf(batch))) as Tensor);
  if (!value) {
    throw new TapgradError({
      code: 'MEMORY_FEATURES',
      message: 'nothing passed the tap of features',
      fix: 'name a tap point that each forward passes, for example head:input',
    });
  }
  const data = (await value.data()) as Float32Array;
  const width = data.length / rowsOf(batch);
  value.dispose();
  return Array.from({ length: rowsOf(batch) }, (_, row) => data.slice(row * width, (row + 1) * width));
}

function measure(memory: Memory, { random }: Services, teacher: Teacher, batch: Batch): void {
  const { leaves, free } = withSides(memory, teacher, batch);
  try {
    memory.prepare(leaves, random('prepare'));
  } finally {
    free();
  }
}

/** What is stored of a batch, with side values of the model as it is now. */
function withSides(memory: Memory, teacher: Teacher, batch: Batch): { leaves: Map<string, Tensor>; free(): void } {
  const rows = rowsOf(batch);
  const sides = new Map<string, Tensor>();
  if (memory.sides.names.size > 0) {
    tidy(() => {
      const context = evaluationContext(teacher, batch);
      for (const [name, of] of memory.sides.values()) sides.set(name, sideOf(of, context, rows));
    });
  }
  return { leaves: storedLeaves(batch, rows, sides), free: () => dispose([...sides.values()]) };
}

/** Side values see the outputs of a forward without a tape, and there is no loss. */
function evaluationContext(teacher: Teacher, batch: Batch): LossContext {
  return {
    step: 0,
    microBatch: 0,
    microBatches: 1,
    mode: 'evaluate',
    batch,
    outputs: teacher.predict(...argumentsOf(batch)),
    tape: undefined,
    forward: (...inputs) => teacher.predict(...inputs),
    taskLoss() {
      throw new TapgradError({ code: 'MEMORY_SIDE', message: 'a side value of a finished task has no loss' });
    },
  };
}

function argumentsOf({ inputs }: Batch): readonly unknown[] {
  return inputs instanceof Tensor ? [inputs] : inputs;
}
