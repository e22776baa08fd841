import { type Peer, withPeers } from '../peer.ts';
import type { Report } from '../report.ts';
import { minimum } from '../statistics.ts';
import { makeTask } from '../step/networks/task.ts';
import { type Size, type Variant, variants } from './variants.ts';

type Times = Record<Variant, number[]>;
const names = Object.keys(variants) as Variant[];
const files = { tapgrad: 'hooks/contestants/stacks', tfjs: 'step/contestants/plain-tfjs' };

/**
 * What hooks cost: the bare tape, a stack, and a stack with five plugins that look at everything. Observers do not touch
 * data, so their cost is measured on small tensors, where kernels do not drown it, and set against the full step.
 */
export async function hooks({ rounds }: { readonly rounds: number }): Promise<Report> {
  const { full, small, tfjs } = await withPeers(files, async (peers) => {
    const small = await inTurns(peers.tapgrad, 'small', 10 * rounds, 20);
    const full = await inTurns(peers.tapgrad, 'full', 3 * rounds, 1);
    await peers.tfjs.ask('prepare', { task: makeTask('transformer', 1), backend: 'wasm' });
    return { small, full, tfjs: await peers.tfjs.ask<number[]>('time', 2) };
  });
  const host = (variant: Variant, base: Variant) => minimum(small[variant]) - minimum(small[base]);
  const step = minimum(full.none);
  return {
    title: 'what hooks cost in a full fine-tuning step, CPU milliseconds, least of all rounds',
    columns: ['', 'step', 'same ops on small tensors'],
    rows: [
      ...names.map((name) => [variants[name], minimum(full[name]).toFixed(1), minimum(small[name]).toFixed(2)]),
      ['plain tfjs', minimum(tfjs).toFixed(1), '-'],
    ],
    figures: {
      overheadFive: host('five', 'none') / step,
      overheadNone: host('none', 'bare') / step,
      overheadFiveWholeStep: minimum(full.five) / step - 1,
    },
    targets: { overheadFive: 0.02 },
    raw: {
      milliseconds: least(full),
      hostMilliseconds: least(small),
      tfjsMilliseconds: minimum(tfjs),
    },
  };
}

async function inTurns(peer: Peer, size: Size, rounds: number, count: number): Promise<Times> {
  const measured: Times = { bare: [], none: [], five: [] };
  for (const variant of names) await peer.ask('time', { variant, size, count: 3 * count });
  for (let round = 0; round < rounds; round++) {
    for (const variant of round % 2 ? names.toReversed() : names) {
      measured[variant].push(...(await peer.ask<number[]>('time', { variant, size, count })));
    }
  }
  return measured;
}

const least = (times: Times) => Object.fromEntries(names.map((name) => [name, minimum(times[name])]));
