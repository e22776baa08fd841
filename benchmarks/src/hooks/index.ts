import { median, minimum } from '../machine.ts';
import { withPeers } from '../peer.ts';
import type { Report } from '../report.ts';
import { makeTask } from '../step/network.ts';

const variants = { bare: 'bare tape', none: 'stack, no plugin', five: 'stack, five observing plugins' } as const;
type Variant = keyof typeof variants;
const names = Object.keys(variants) as Variant[];

/** What hooks cost: the step benchmark's network on the bare tape, in a stack, and in a stack with five observers. */
export async function hooks({ rounds }: { readonly rounds: number }): Promise<Report> {
  const { tapgrad, tfjs } = await withPeers(
    { tapgrad: 'hooks/contestants/stacks', tfjs: 'step/contestants/plain-tfjs' },
    async (peers) => {
      const measured: Record<Variant, number[]> = { bare: [], none: [], five: [] };
      for (const name of names) await peers.tapgrad.ask(name, 2);
      for (let round = 0; round < rounds * 4; round++) {
        for (const name of round % 2 ? names.toReversed() : names) {
          measured[name].push(...(await peers.tapgrad.ask<number[]>(name, 1)));
        }
      }
      await peers.tfjs.ask('prepare', makeTask(1));
      return { tapgrad: measured, tfjs: await peers.tfjs.ask<number[]>('time', 2) };
    },
  );
  const over = (variant: Variant, base: Variant) => minimum(tapgrad[variant]) / minimum(tapgrad[base]) - 1;
  return {
    title: 'what hooks cost in a full fine-tuning step',
    columns: ['', 'CPU ms (min)', 'CPU ms (median)'],
    rows: [
      ...names.map((name) => [variants[name], minimum(tapgrad[name]).toFixed(1), median(tapgrad[name]).toFixed(1)]),
      ['plain tfjs', minimum(tfjs).toFixed(1), '-'],
    ],
    figures: { overheadFive: over('five', 'none'), overheadNone: over('none', 'bare') },
    targets: { overheadFive: 0.02 },
    raw: {
      milliseconds: Object.fromEntries(names.map((name) => [name, minimum(tapgrad[name])])),
      tfjsMilliseconds: minimum(tfjs),
    },
  };
}
