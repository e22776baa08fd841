import type { Memory, Preparation, StepResult } from './contestant.ts';
import type { Values } from './task.ts';

/** One contestant of the benchmark, in a process or a worker of its own. */
export interface Asked {
  ask<Answer>(task: string, argument?: unknown): Promise<Answer>;
}

export const contestants = { tfjs: 'plain-tfjs', sameCode: 'same-code', modules: 'modules', jax: 'jax' } as const;
export type Side = keyof typeof contestants;
export const sides = Object.keys(contestants) as readonly Side[];

export interface Measured extends StepResult {
  readonly memory: Memory;
  /** Milliseconds. */
  readonly times: number[];
  readonly adapter: string | undefined;
}

/** Gradients that differ by more than this of the largest one are those of another network. */
export const gradientTolerance = 1e-3;

/**
 * Prepares every contestant for the same task, warms it up, measures its memory and then, in turns, its time.
 * @param repeats steps of a contestant at each of its turns
 */
export async function measureSides(
  asked: Readonly<Partial<Record<Side, Asked>>>,
  preparation: Preparation,
  { rounds, repeats, tell }: { rounds: number; repeats: (side: Side) => number; tell?: (doing: string) => void },
): Promise<Partial<Record<Side, Measured>>> {
  const present = sides.filter((side) => asked[side]);
  const measured: Partial<Record<Side, Measured>> = {};
  for (const side of present) {
    tell?.(`warming up ${contestants[side]}`);
    const peer = asked[side]!;
    const adapter = await peer.ask<string | undefined>('prepare', preparation);
    // Steps before the first time taken: pipelines are compiled here, and jit compiles.
    const memory = await peer.ask<Memory>('memory');
    measured[side] = { adapter, memory, ...(await peer.ask<StepResult>('gradients')), times: [] };
  }
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 ? present.toReversed() : present) {
      tell?.(`round ${round + 1} of ${rounds}: ${contestants[side]}`);
      measured[side]!.times.push(...(await asked[side]!.ask<number[]>('time', repeats(side))));
    }
  }
  return measured;
}

/** The largest difference of two gradients, over the largest gradient. */
export function relativeDifference(expected: Values, actual: Values): number {
  let [difference, largest] = [0, 0];
  for (const [name, { data }] of Object.entries(expected)) {
    const other = actual[name]!.data;
    for (let index = 0; index < data.length; index++) {
      difference = Math.max(difference, Math.abs(data[index]! - other[index]!));
      largest = Math.max(largest, Math.abs(data[index]!));
    }
  }
  return difference / largest;
}
