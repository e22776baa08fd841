import { type Batch, type LossContext, type PluginContext, untaped } from '@tapgrad/core';
import { keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { labelsOf } from './labels.ts';
import { perSample, rowsOf, topOf } from './leaves.ts';
import type { Memory } from './memory.ts';
import { firstRows } from './rows.ts';

interface Arrival {
  readonly batch: Batch;
  readonly rows: number;
  /** Computed in the forward, of the batch's own rows. */
  readonly sides: Map<string, Tensor>;
}

/** The batches of the step that runs: they enter the memory when it has updated. */
export class Arrivals {
  private readonly waiting = new Map<number, Arrival>();

  constructor(private readonly memory: Memory) {}

  /** A micro-batch as the memory got it; other plugins may add rows behind. */
  expect(microBatch: number, batch: Batch): void {
    this.waiting.set(microBatch, { batch, rows: rowsOf(batch), sides: new Map() });
  }

  /** Side values of a forward; a second forward of the same micro-batch counts instead of the first. */
  compute(context: LossContext): void {
    const arrival = this.waiting.get(context.microBatch);
    if (!arrival) return;
    for (const [name, of] of this.memory.sides.values()) {
      arrival.sides.get(name)?.dispose();
      arrival.sides.set(name, sideOf(of, context, arrival.rows));
    }
  }

  async enter(random: PluginContext<unknown>['random']): Promise<void> {
    for (const [microBatch, { batch, rows, sides }] of this.waiting) {
      const labels = this.memory.byClass ? await labelsOf(batch) : undefined;
      const stream = random('insert', microBatch);
      const leaves = storedLeaves(batch, rows, sides);
      this.memory.prepare(leaves, stream);
      for (let row = 0; row < rows; row++) this.memory.offer(leaves, row, labels?.[row], stream);
    }
  }

  forget(): void {
    for (const { sides } of this.waiting.values()) for (const side of sides.values()) side.dispose();
    this.waiting.clear();
  }
}

/** A side value of the first rows, out of reach of tapes and scopes. */
export function sideOf(of: (context: LossContext) => Tensor, context: LossContext, rows: number): Tensor {
  return untaped(() => tidy(() => keep(firstRows(of(context), rows))));
}

/** What is stored of a batch: inputs as they were before augmentation, targets, side data of the batch and of plugins. */
export function storedLeaves(batch: Batch, rows: number, sides: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const { unaugmented, ...rest } = batch;
  const seen = unaugmented === undefined ? rest : { ...rest, inputs: unaugmented };
  const own = [...perSample(seen as Batch, rows)].filter(([path]) => !sides.has(topOf(path)));
  return new Map([...own, ...[...sides].map(([name, side]) => [encodeURIComponent(name), side] as const)]);
}
