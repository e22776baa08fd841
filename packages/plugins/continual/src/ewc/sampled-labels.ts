import { type RandomStream, TapgradError } from '@tapgrad/core';
import { softmax, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { logitsOf } from '../base/logits.ts';

/**
 * Labels drawn from what a model predicts: softmax over all outputs, or over some classes.
 * @param outputs logits `[batch, classes]`
 * @returns int32 `[batch]`, the caller's
 */
export async function sampledLabels(
  outputs: unknown,
  random: (row: number) => RandomStream,
  classes?: readonly number[],
): Promise<Tensor> {
  const probabilities = tidy(() => softmax(logitsOf(outputs)));
  const [rows, width] = probabilities.shape as [number, number];
  const among = classes ?? Array.from({ length: width }, (_, label) => label);
  try {
    const values = await probabilities.data();
    const labels = Int32Array.from({ length: rows }, (_, row) =>
      drawn(random(row).next(), among, (label) => values[row * width + label] ?? 0),
    );
    return tensor(labels, [rows], 'int32');
  } finally {
    probabilities.dispose();
  }
}

function drawn(uniform: number, among: readonly number[], probability: (label: number) => number): number {
  let left = uniform * among.reduce((sum, label) => sum + probability(label), 0);
  for (const label of among) {
    left -= probability(label);
    if (left < 0) return label;
  }
  // Rounding may leave a rest behind the last.
  const last = among.at(-1);
  if (last !== undefined) return last;
  throw new TapgradError({
    code: 'TASK_EMPTY',
    message: 'the task names no classes to draw labels from',
    fix: "give the task its classes, or let `sampledFrom` be 'outputs'",
  });
}
