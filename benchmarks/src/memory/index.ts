import { minimum } from '../machine.ts';
import { withPeers } from '../peer.ts';
import type { Report } from '../report.ts';
import type { Usage } from './usage.ts';

const lines = [
  { side: 'tapgrad', task: 'full', method: 'full' },
  { side: 'tapgrad', task: 'plainSlots', method: 'full, derived slots off' },
  { side: 'tapgrad', task: 'bias', method: 'biases and head' },
  { side: 'tapgrad', task: 'ladder', method: 'ladder, reduction 8' },
  { side: 'tapgrad', task: 'head', method: 'head' },
  { side: 'tfjs', task: 'full', method: 'plain tfjs, full' },
  { side: 'tfjs', task: 'head', method: 'plain tfjs, head' },
] as const;

/** What each method holds in a training step with AdamW, against full fine-tuning by tapgrad of the same network. */
export async function memory({ rounds }: { readonly rounds: number }): Promise<Report> {
  const files = { tfjs: 'memory/contestants/plain-tfjs', tapgrad: 'memory/contestants/tapgrad' };
  const usages = await withPeers(files, async (peers) => {
    const ask = ({ side, task }: (typeof lines)[number]) => peers[side].ask<Usage>(task, side === 'tfjs' ? 2 : rounds);
    const measured: Usage[] = [];
    for (const line of lines) measured.push(await ask(line));
    // Bytes are the same each time; times are taken again in the other order.
    for (const [index, line] of [...lines.entries()].reverse()) {
      const { milliseconds } = await ask(line);
      measured[index] = { ...measured[index]!, milliseconds: [...measured[index]!.milliseconds, ...milliseconds] };
    }
    return measured;
  });
  const full = usages[0]!;
  const rows = lines.map(({ method }, index) => {
    const { peak, saved, milliseconds, trainableParameters } = usages[index]!;
    const stepMs = minimum(milliseconds);
    return {
      method,
      peakRatio: peak / full.peak,
      savedRatio: saved / full.saved,
      stepTimeRatio: stepMs / minimum(full.milliseconds),
      trainableParameters,
      peakBytes: peak,
      savedBytes: saved,
      stepMs,
    };
  });
  return {
    title: 'memory of a training step with AdamW: 4-layer pre-norm transformer, width 192, batch 8 x 64 tokens',
    columns: ['method', 'trains', 'peak MB', 'of full', 'saved MB', 'of full', 'step ms', 'of full'],
    rows: rows.map((row) => [
      row.method,
      row.trainableParameters.toLocaleString('en'),
      ...[row.peakBytes / 1e6, row.peakRatio, row.savedBytes / 1e6, row.savedRatio].map((value) => value.toFixed(2)),
      row.stepMs.toFixed(0),
      row.stepTimeRatio.toFixed(2),
    ]),
    figures: {},
    raw: { rows },
  };
}
