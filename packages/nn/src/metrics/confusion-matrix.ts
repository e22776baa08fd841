import { TapgradError } from '@tapgrad/core';
import { argMax, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type Targets, targetTensor } from '../losses/targets.ts';

/** Counts of (actual, predicted) pairs, and what follows from them. */
export class ConfusionMatrix {
  /** Row-major `[classes, classes]`; rows are the actual class, columns the predicted one. */
  readonly counts: Float64Array;

  constructor(readonly classes: number) {
    this.counts = new Float64Array(classes * classes);
  }

  /**
   * @param predicted class indices `[batch]`
   * @param actual class indices `[batch]`
   * @throws TapgradError `LABEL_OUT_OF_RANGE` for an index outside `0 … classes - 1`
   */
  add(predicted: ArrayLike<number>, actual: ArrayLike<number>): void {
    for (let i = 0; i < actual.length; i++) {
      const cell = this.index(actual[i] as number, predicted[i] as number);
      this.counts[cell] = (this.counts[cell] as number) + 1;
    }
  }

  /**
   * Counts a batch: logits `[batch, classes]` and int32 labels `[batch]`. The tensors are left alive.
   * @throws TapgradError as `add`
   */
  async update(logits: Tensor, targets: Targets): Promise<void> {
    const best = tidy(() => argMax(logits, -1));
    try {
      this.add(...(await Promise.all([best.data(), targetTensor(targets).data()])));
    } finally {
      best.dispose();
    }
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** Share of examples predicted right; 0 before the first. */
  get accuracy(): number {
    let right = 0;
    for (let c = 0; c < this.classes; c++) right += this.at(c, c);
    return ratio(right, this.total);
  }

  /** Of what was predicted as each class, the share that was right. */
  precision(): number[] {
    return this.each((c) => ratio(this.at(c, c), this.column(c)));
  }

  /** Of what belongs to each class, the share that was found. */
  recall(): number[] {
    return this.each((c) => ratio(this.at(c, c), this.row(c)));
  }

  /** Mean over classes of the harmonic mean of precision and recall; classes that neither occur nor are predicted are left out. */
  get macroF1(): number {
    const scores = this.each((c) => c)
      .filter((c) => this.row(c) + this.column(c) > 0)
      .map((c) => (2 * this.at(c, c)) / (this.row(c) + this.column(c)));
    return ratio(
      scores.reduce((sum, score) => sum + score, 0),
      scores.length,
    );
  }

  at(actual: number, predicted: number): number {
    return this.counts[this.index(actual, predicted)] as number;
  }

  private row(actual: number): number {
    return this.each((c) => this.at(actual, c)).reduce((sum, count) => sum + count, 0);
  }

  private column(predicted: number): number {
    return this.each((c) => this.at(c, predicted)).reduce((sum, count) => sum + count, 0);
  }

  private each<T>(f: (classIndex: number) => T): T[] {
    return Array.from({ length: this.classes }, (_, c) => f(c));
  }

  private index(actual: number, predicted: number): number {
    for (const label of [actual, predicted]) {
      if (!Number.isInteger(label) || label < 0 || label >= this.classes) {
        throw new TapgradError({
          code: 'LABEL_OUT_OF_RANGE',
          message: `label ${label} is not in 0 … ${this.classes - 1}`,
        });
      }
    }
    return actual * this.classes + predicted;
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
