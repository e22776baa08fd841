import { runKernelIfAny } from '@tapgrad/core';
import {
  abs,
  add,
  cast,
  cumsum,
  gather,
  minimum,
  mul,
  neg,
  onesLike,
  range,
  reshape,
  scalar,
  scatterND,
  type Tensor,
  type Tensor1D,
  tidy,
  topk,
  where,
} from '@tensorflow/tfjs-core';
import { packBits, unpackBits } from './pack-bits.ts';

export interface PackedSparse {
  /** One bit an element: whether it is kept. int32 `[⌈size / 32⌉]` */
  readonly mask: Tensor;
  /** What is kept of each sample, in the order of the elements. float32 `[samples, count]` */
  readonly values: Tensor;
}

/**
 * The `count` elements of largest magnitude of each sample; among equals the first. How many there are is known before, so
 * that nothing is read back to the host.
 * @param value `[samples, …]`
 */
export function packSparse(value: Tensor, count: number): PackedSparse {
  const samples = value.rank > 1 ? (value.shape[0] as number) : 1;
  const made = runKernelIfAny('tapgrad.PackSparse', { x: value }, { samples, count }) as [Tensor, Tensor] | undefined;
  if (made) return { mask: made[0], values: made[1] };
  return tidy(() => {
    const width = value.size / samples;
    const flat = reshape(value, [-1]);
    const byMagnitude = topk(reshape(abs(value), [samples, width]), count).indices;
    // Ascending: the largest of the negatives come first.
    const positions = cast(neg(topk(neg(cast(byMagnitude, 'float32')), count).values), 'int32');
    const starts = reshape(mul(range(0, samples, 1, 'int32'), scalar(width, 'int32')), [samples, 1]);
    const kept = add(positions, starts) as Tensor;
    const ones = onesLike(reshape(kept, [-1]));
    const mask = packBits(scatterND(reshape(kept, [-1, 1]), ones, [value.size]), 1);
    return { mask, values: gather(flat, kept) };
  });
}

/** The values in their places, and 0 elsewhere. */
export function unpackSparse({ mask, values }: PackedSparse, shape: readonly number[]): Tensor {
  const made = runKernelIfAny('tapgrad.UnpackSparse', { mask, values }, { shape: [...shape] });
  if (made) return made as Tensor;
  return tidy(() => {
    const size = shape.reduce((product, length) => product * length, 1);
    const kept = unpackBits(mask, 1, size);
    // Each kept element's number among the kept ones; behind the last one there is none.
    const number = minimum(cumsum(kept, 0, true), scalar(values.size - 1, 'int32')) as Tensor1D;
    const spread = gather(reshape(values, [-1]), cast(number, 'int32'));
    return reshape(where(cast(kept, 'bool'), spread, 0), [...shape]);
  });
}
