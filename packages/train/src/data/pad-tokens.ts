import { TapgradError } from '@tapgrad/core';
import { type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';

export interface PaddingOptions {
  /** Id that fills up; default 0. */
  readonly padding?: number;
  /** Tokens of every sequence: longer ones are cut. Default: the longest of the batch. */
  readonly length?: number;
  /** Round the length up to a multiple, so that fewer shapes occur; default 1. */
  readonly multipleOf?: number;
}

/** Sequences of one length. */
export interface PaddedTokens {
  /** `[batch, tokens]`, int32. */
  readonly ids: Tensor2D;
  /** `[batch, tokens]`, float32: 1 for a token, 0 for padding. */
  readonly mask: Tensor2D;
}

/**
 * Token sequences of different lengths as one batch. The caller owns both tensors.
 * @throws TapgradError DATA_LENGTH without sequences
 */
export function padTokens(
  sequences: readonly ArrayLike<number>[],
  { padding = 0, length, multipleOf = 1 }: PaddingOptions = {},
): PaddedTokens {
  if (sequences.length === 0) {
    throw new TapgradError({ code: 'DATA_LENGTH', message: 'there are no sequences to pad' });
  }
  const longest = length ?? sequences.reduce((most, { length: tokens }) => Math.max(most, tokens), 1);
  const width = Math.ceil(longest / multipleOf) * multipleOf;
  const ids = new Int32Array(sequences.length * width).fill(padding);
  const mask = new Float32Array(sequences.length * width);
  for (const [row, sequence] of sequences.entries()) {
    const kept = Math.min(sequence.length, width);
    for (let i = 0; i < kept; i++) ids[row * width + i] = sequence[i] as number;
    mask.fill(1, row * width, row * width + kept);
  }
  const shape: [number, number] = [sequences.length, width];
  return { ids: tensor2d(ids, shape, 'int32'), mask: tensor2d(mask, shape) };
}
