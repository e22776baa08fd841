import { copyOf, TapgradError } from '@tapgrad/core';
import { cast, concat, gather, keep, pad, slice, type Tensor, type Tensor1D, tidy, util } from '@tensorflow/tfjs-core';

/**
 * One row as `[1, …]`, in a buffer of its own, by one kernel: a slice may be a view of the whole on some backends, and would
 * have to be copied again.
 * @param index int32 `[1]`
 */
export function keptRow(tensor: Tensor, index: Tensor1D): Tensor {
  return keep(tensor.dtype === 'bool' ? tidy(() => ownBuffer(gather(tensor, index))) : gather(tensor, index));
}

/** A copy that shares nothing. */
export function ownBuffer(tensor: Tensor): Tensor {
  if (tensor.dtype !== 'bool') return copyOf(tensor);
  return tidy(() => cast(copyOf(cast(tensor, 'int32')), 'bool'));
}

/** The first rows of `[rows, …]`. */
export function firstRows(tensor: Tensor, rows: number): Tensor {
  const rest = tensor.shape.slice(1);
  return slice(tensor, [0, ...rest.map(() => 0)], [rows, ...rest]);
}

/**
 * Rows of all parts under each other, in a buffer of its own. Where the parts differ beyond the first axis, as token ids of
 * batches with different padding do, the smaller are filled up at their end with `padding`.
 * @throws TapgradError REPLAY_SHAPES for parts of different rank
 */
export function joinRows(parts: readonly Tensor[], padding: number): Tensor {
  const [first] = parts;
  if (parts.length === 1 && first) return ownBuffer(first);
  const sizes = largest(parts);
  return tidy(() => concat(parts.map((part) => padded(part, sizes, padding))));
}

/** Of each axis but the first, the greatest length. */
export function largest(parts: readonly Tensor[]): number[] {
  const [first, ...others] = parts.map(({ shape }) => shape.slice(1));
  const odd = others.find((shape) => shape.length !== first?.length);
  if (odd) {
    throw new TapgradError({
      code: 'REPLAY_SHAPES',
      message: `samples of shapes [${first}] and [${odd}] cannot be in one batch`,
      fix: 'give all batches samples with the same number of axes',
    });
  }
  return (first ?? []).map((length, axis) => Math.max(length, ...others.map((shape) => shape[axis] as number)));
}

/** Filled up at the end of each axis but the first. */
export function padded(part: Tensor, sizes: readonly number[], value: number): Tensor {
  const missing = sizes.map((length, axis) => length - (part.shape[axis + 1] as number));
  if (missing.every((count) => count === 0)) return part;
  return pad(part, [[0, 0], ...missing.map((count): [number, number] => [0, count])], value);
}

/** Bytes of one row. */
export function rowBytes({ size, shape, dtype }: Tensor): number {
  return (size / (shape[0] as number)) * util.bytesPerElement(dtype);
}
