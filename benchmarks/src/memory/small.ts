import { type Peer, withPeers } from '../peer.ts';
import { minimum } from '../statistics.ts';
import type { MemoryRow } from './rows.ts';
import type { Usage } from './usage.ts';

interface Line {
  readonly side: 'tapgrad' | 'tfjs' | 'convolutional';
  readonly task: string;
  readonly method: string;
}

const files = {
  tapgrad: 'memory/contestants/tapgrad',
  tfjs: 'memory/contestants/plain-tfjs',
  convolutional: 'memory/contestants/convolutional',
} as const;

/** The first line of each shape is full fine-tuning. */
const shapes: Readonly<Record<string, readonly Line[]>> = {
  'transformer, 4 layers of 192, batch 8 x 64 tokens': [
    { side: 'tapgrad', task: 'full', method: 'full' },
    { side: 'tapgrad', task: 'plainSlots', method: 'full, derived slots off' },
    { side: 'tapgrad', task: 'derivativeCodes', method: 'full, derivative codes of 4 bits' },
    { side: 'tapgrad', task: 'groupwiseCodes', method: 'full, derivative and group-wise codes' },
    { side: 'tapgrad', task: 's2a', method: 'S2A' },
    { side: 'tapgrad', task: 'lora', method: 'LoRA, r = 8' },
    { side: 'tapgrad', task: 'prompts', method: 'prompts, 10 a block' },
    { side: 'tapgrad', task: 'prefix', method: 'prefix, 10 a block' },
    { side: 'tapgrad', task: 'queries', method: 'query tokens, T = 10' },
    { side: 'tapgrad', task: 'bias', method: 'biases and head' },
    { side: 'tapgrad', task: 'ladder', method: 'ladder, r = 8' },
    { side: 'tapgrad', task: 'sherl', method: 'SHERL, r = 8' },
    { side: 'tapgrad', task: 'unipt', method: 'UniPT, r = 8' },
    { side: 'tapgrad', task: 'head', method: 'head' },
    { side: 'tfjs', task: 'full', method: 'plain tfjs, full' },
    { side: 'tfjs', task: 'head', method: 'plain tfjs, head' },
  ],
  'ResNet-32, batch 16, 32 px': [
    { side: 'convolutional', task: 'residualFull', method: 'full' },
    { side: 'convolutional', task: 'manTwoParts', method: 'MAN, K = 2' },
    { side: 'convolutional', task: 'man', method: 'MAN, K = 4' },
    { side: 'convolutional', task: 'local', method: 'local learning, K = 4' },
    { side: 'convolutional', task: 'synthetic', method: 'synthetic gradients, K = 2' },
  ],
  'MobileNetV2, batch 8, 96 px': [
    { side: 'convolutional', task: 'mobileFull', method: 'full' },
    { side: 'convolutional', task: 'mobileTop', method: 'top 5 blocks, plainly' },
    { side: 'convolutional', task: 'mobileTl', method: 'MobileTL, top 5 blocks' },
  ],
};

type Peers = Readonly<Record<Line['side'], Peer>>;

/** One training step of each method with AdamW on small networks, measured on wasm, times included. */
export function smallRows(rounds: number): Promise<MemoryRow[]> {
  return withPeers(files, async (peers) => {
    const rows: MemoryRow[] = [];
    for (const [shape, lines] of Object.entries(shapes)) rows.push(...(await rowsOf(peers, shape, lines, rounds)));
    return rows;
  });
}

async function rowsOf(peers: Peers, shape: string, lines: readonly Line[], rounds: number): Promise<MemoryRow[]> {
  const ask = ({ side, task }: Line) => peers[side].ask<Usage>(task, side === 'tfjs' ? 1 : rounds);
  const usages: Usage[] = [];
  for (const line of lines) usages.push(await ask(line));
  // Bytes are the same each time; times are taken again in the other order.
  for (const [index, line] of [...lines.entries()].reverse()) {
    if (line.side === 'tfjs') continue;
    const { milliseconds } = await ask(line);
    usages[index] = { ...usages[index]!, milliseconds: [...usages[index]!.milliseconds, ...milliseconds] };
  }
  const full = usages[0]!;
  return lines.map(({ method }, index) => {
    const { peak, saved, milliseconds, trainableParameters } = usages[index]!;
    const stepMs = minimum(milliseconds);
    return {
      method,
      shape,
      backend: 'wasm',
      peakRatio: peak / full.peak,
      savedRatio: saved / full.saved,
      stepTimeRatio: stepMs / minimum(full.milliseconds),
      trainableParameters,
      peakBytes: peak,
      savedBytes: saved,
      stepMs,
    };
  });
}
