import type { RandomStream } from '@tapgrad/core';
import { MeanPool } from '@tapgrad/nn';
import { keep, matMul, Tensor, tensor } from '@tensorflow/tfjs-core';
import { needed, realTokens } from '../base/token-mask.ts';
import type { BlockArguments, TrunkWalker } from '../base/trunk.ts';

/**
 * Stands in for the classifier that a backbone lacks, while importances are measured: a fixed random projection of the
 * mean over real tokens of the last block. A model that gives logits of these classes by itself keeps its own.
 */
export class Probe implements TrunkWalker<{ logits?: Tensor }> {
  private weight: Tensor | undefined;
  private readonly pool = new MeanPool();

  constructor(
    private readonly last: { readonly stack: number; readonly layer: number; readonly width: number },
    private readonly classes: number,
  ) {}

  open(random: RandomStream): void {
    const { width } = this.last;
    const values = random.normal(width * this.classes, 0, 1 / Math.sqrt(width));
    this.weight = keep(tensor(values, [width, this.classes]));
  }

  close(): void {
    this.weight?.dispose();
    this.weight = undefined;
  }

  begin(): { logits?: Tensor } | undefined {
    return this.weight && {};
  }

  pass(state: { logits?: Tensor }, stack: number, layer: number, value: Tensor, [mask]: BlockArguments): void {
    if (stack !== this.last.stack || layer !== this.last.layer) return;
    const pooled = this.pool.call(value, needed(realTokens(mask, value.shape[0] as number)));
    state.logits = matMul(pooled, this.weight as Tensor);
  }

  end({ logits }: { logits?: Tensor }, output: unknown): unknown {
    const fits = output instanceof Tensor && output.rank === 2 && output.shape[1] === this.classes;
    return fits ? undefined : logits;
  }
}
