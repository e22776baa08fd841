import { argMax, type Tensor, tidy, topk } from '@tensorflow/tfjs-core';
import { ConfusionMatrix } from './confusion-matrix.ts';

/** A number that is gathered over the batches of an evaluation. */
export interface Metric {
  readonly name: string;
  /** Takes one batch into account. The tensors are left alive. */
  update(outputs: Tensor, labels: Tensor): Promise<void>;
  value(): number;
  reset(): void;
}

/** Share of examples whose largest logit is that of the label. Outputs `[batch, classes]`, labels `[batch]`. */
export function accuracy(): Metric {
  return topK(1, 'accuracy');
}

/** Share of examples whose label is among the `k` largest logits. */
export function topK(k: number, name = `top${k}`): Metric {
  const seen = new Mean();
  return {
    name,
    async update(outputs, labels) {
      const best = tidy(() => topk(outputs, k).indices);
      const [candidates, actual] = await Promise.all([best.data(), labels.data()]);
      best.dispose();
      for (const [i, label] of actual.entries()) {
        seen.add(candidates.subarray(i * k, (i + 1) * k).includes(label) ? 1 : 0);
      }
    },
    value: () => seen.value,
    reset: () => seen.reset(),
  };
}

/** Mean over classes of F1. Outputs `[batch, classes]`, labels `[batch]`. */
export function macroF1(classes: number): Metric {
  let matrix = new ConfusionMatrix(classes);
  return {
    name: 'macroF1',
    async update(outputs, labels) {
      const best = tidy(() => argMax(outputs, -1));
      const [predicted, actual] = await Promise.all([best.data(), labels.data()]);
      best.dispose();
      matrix.add(predicted, actual);
    },
    value: () => matrix.macroF1,
    reset: () => {
      matrix = new ConfusionMatrix(classes);
    },
  };
}

/** The mean of numbers that come one by one, each with a weight (for a loss per batch: the batch size). 0 before the first. */
export class Mean {
  private sum = 0;
  private weight = 0;

  add(value: number, weight = 1): void {
    this.sum += value * weight;
    this.weight += weight;
  }

  get value(): number {
    return this.weight === 0 ? 0 : this.sum / this.weight;
  }

  reset(): void {
    this.sum = 0;
    this.weight = 0;
  }
}
