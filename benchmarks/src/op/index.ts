import { type Peer, withPeers } from '../peer.ts';
import type { Report } from '../report.ts';
import { median, minimum } from '../statistics.ts';
import type { Backend } from '../step/task.ts';
import { length } from './chain.ts';

const files = { tfjs: 'op/contestants/plain-tfjs', tapgrad: 'op/contestants/tapgrad' } as const;
const lines = [
  { side: 'tfjs', task: 'untaped', figure: 'tfjsUntaped', name: 'tfjs, nothing recorded' },
  { side: 'tapgrad', task: 'untaped', figure: 'untaped', name: 'tapgrad, nothing recorded' },
  { side: 'tapgrad', task: 'recorded', figure: 'recorded', name: 'tapgrad, recorded' },
  { side: 'tfjs', task: 'step', figure: 'tfjsStep', name: 'tfjs, recorded and differentiated' },
  { side: 'tapgrad', task: 'step', figure: 'step', name: 'tapgrad, recorded and differentiated' },
] as const;
const repetitions = 20;
const targets = { wasm: undefined, webgpu: { untapedMicroseconds: 10 } } as const;

export interface OpOptions {
  readonly backend: Backend;
  readonly rounds: number;
}

/** Host microseconds a forward op: tiny tensors, so that kernels cost nothing. */
export async function op({ backend, rounds }: OpOptions): Promise<Report> {
  const { adapter, measured } = await withPeers(files, async (peers: Readonly<Record<'tfjs' | 'tapgrad', Peer>>) => {
    const name = await peers.tfjs.ask<string | undefined>('start', backend);
    await peers.tapgrad.ask('start', backend);
    const times = lines.map((): number[] => []);
    for (const { side, task } of lines) await peers[side].ask(task, repetitions * 3);
    for (let round = 0; round < rounds; round++) {
      for (const [index, { side, task }] of lines.entries())
        times[index]!.push(...(await peers[side].ask<number[]>(task, repetitions)));
    }
    return { adapter: name, measured: times };
  });
  const microseconds = (milliseconds: number) => (milliseconds * 1000) / length;
  return {
    title: `host time of a forward op, in a chain of ${length} ops on four numbers${adapter ? `\non ${adapter}` : ''}`,
    columns: ['', 'us an op (min)', 'us an op (median)'],
    rows: lines.map(({ name }, index) => [
      name,
      microseconds(minimum(measured[index]!)).toFixed(2),
      microseconds(median(measured[index]!)).toFixed(2),
    ]),
    figures: Object.fromEntries(
      lines.map(({ figure }, index) => [`${figure}Microseconds`, microseconds(minimum(measured[index]!))]),
    ),
    ...(targets[backend] && { targets: targets[backend] }),
    raw: { operations: length, repetitions: rounds * repetitions, backend, ...(adapter && { adapter }) },
  };
}
