import { median, minimum } from '../machine.ts';
import { withPeers } from '../peer.ts';
import type { Report } from '../report.ts';
import type { Memory, StepResult } from './contestant.ts';
import { makeTask, type Values } from './network.ts';

const names = { tfjs: 'plain-tfjs', sameCode: 'same-code', modules: 'modules', jax: 'jax' } as const;
type Side = keyof typeof names;
const sides = Object.keys(names) as Side[];

interface Measured extends StepResult {
  readonly memory: Memory | undefined;
  readonly times: number[];
}

/** One full fine-tuning step (loss and every gradient), four ways, in turns within one run. */
export async function step(options: { readonly rounds: number; readonly seed: number }): Promise<Report> {
  const measured = await measure(options);
  const { tfjs, sameCode, modules, jax } = measured;
  const fastest = (side: Measured) => minimum(side.times);
  const ratios = {
    ratioTimeSameCode: fastest(sameCode) / fastest(tfjs),
    ratioPeakSameCode: sameCode.memory!.peak / tfjs.memory!.peak,
    ratioTime: fastest(modules) / fastest(tfjs),
    ratioPeak: modules.memory!.peak / tfjs.memory!.peak,
    ratioTimeJax: fastest(modules) / fastest(jax),
    headOnlyRatioPeak: modules.memory!.headOnlyPeak! / tfjs.memory!.peak,
  };
  const raw = sides.map((side) => {
    const { loss, gradients, memory, times } = measured[side];
    return {
      name: names[side],
      loss,
      msMinimum: minimum(times),
      msMedian: median(times),
      peakBytes: memory?.peak ?? null,
      headOnlyPeakBytes: memory?.headOnlyPeak ?? null,
      residentBytes: memory?.resident ?? null,
      gradientDifference: difference(tfjs.gradients, gradients),
    };
  });
  return {
    title: 'full fine-tuning step: 4-layer pre-norm transformer, width 192, batch 8 x 64 tokens',
    columns: ['', 'ms (min)', 'ms (median)', 'peak MB', 'head-only peak MB', 'loss', 'max |gradient - tfjs|'],
    rows: raw.map((row) => [
      row.name,
      row.msMinimum.toFixed(0),
      row.msMedian.toFixed(0),
      megabytes(row.peakBytes),
      megabytes(row.headOnlyPeakBytes),
      row.loss.toFixed(6),
      row.gradientDifference.toExponential(1),
    ]),
    figures: { ...ratios, gradientDifference: Math.max(...raw.slice(1, 3).map((row) => row.gradientDifference)) },
    targets: {
      ratioTimeSameCode: 0.3,
      ratioPeakSameCode: 0.5,
      ratioTime: 0.12,
      ratioPeak: 0.2,
      ratioTimeJax: 1,
      headOnlyRatioPeak: 0.05,
    },
    raw: { contestants: raw },
  };
}

function measure({ rounds, seed }: { rounds: number; seed: number }): Promise<Record<Side, Measured>> {
  const task = makeTask(seed);
  const files = Object.fromEntries(sides.map((side) => [side, `step/contestants/${names[side]}`])) as Record<
    Side,
    string
  >;
  return withPeers(files, async (peers) => {
    const measured = {} as Record<Side, Measured>;
    for (const side of sides) {
      await peers[side].ask('prepare', task);
      // The first step also warms the contestant up; jit compiles here.
      const { loss, gradients } = await peers[side].ask<StepResult>('gradients');
      measured[side] = { loss, gradients, memory: await peers[side].ask<Memory | undefined>('memory'), times: [] };
    }
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 ? sides.toReversed() : sides) {
        measured[side].times.push(...(await peers[side].ask<number[]>('time', side === 'tfjs' ? 1 : 4)));
      }
    }
    return measured;
  });
}

function difference(expected: Values, actual: Values): number {
  let largest = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const other = actual[name]!.data;
    for (let index = 0; index < data.length; index++)
      largest = Math.max(largest, Math.abs(data[index]! - other[index]!));
  }
  return largest;
}

const megabytes = (bytes: number | null) => (bytes === null ? '-' : (bytes / 1e6).toFixed(1));
