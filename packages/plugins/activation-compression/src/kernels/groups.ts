import { runKernelIfAny } from '@tapgrad/core';
import {
  add,
  broadcastTo,
  cast,
  clipByValue,
  concat,
  div,
  equal,
  floor,
  max,
  min,
  mul,
  reciprocal,
  reshape,
  slice,
  split,
  sub,
  type Tensor,
  type Tensor1D,
  tensor,
  tidy,
  where,
} from '@tensorflow/tfjs-core';
import { fromBrainFloat, inOneWord, outOfWord, toBrainFloat } from './brain-float.ts';
import { noiseAt } from './noise.ts';
import { packBits, unpackBits } from './pack-bits.ts';

/** Codes of groups of consecutive elements, each between the group's own least and largest value. */
export interface GroupFormat {
  readonly bits: 2 | 4 | 8;
  /** Elements in a group; a multiple of 32. */
  readonly group: number;
  /** How least value and step are kept: two bfloat16 numbers in one int32 word, or two float32 numbers. */
  readonly scales: 'bfloat16' | 'float32';
}

export interface PackedGroups {
  /** int32 `[⌈size · bits / 32⌉]` */
  readonly codes: Tensor;
  /** int32 `[groups]`, or float32 `[groups, 2]` */
  readonly ranges: Tensor;
}

/**
 * `code = ⌊(x − least) / step + u⌋` with `step = (largest − least) / (2^bits − 1)` (ActNN, Chen et al. 2021, arXiv:2104.14129,
 * section 3.3). Least value and step are rounded outwards before they are used, so that what is coded lies between the
 * ends and stochastic rounding is unbiased for what is kept.
 * @param seed of the noise u, uniform in [0, 1); without one u = ½: the nearest code
 */
export function packGroups(value: Tensor, format: GroupFormat, seed?: number): PackedGroups {
  const attrs = { ...format, stochastic: seed !== undefined, seed: seed ?? 0 };
  const made = runKernelIfAny('tapgrad.PackGroups', { x: value }, attrs) as [Tensor, Tensor] | undefined;
  if (made) return { codes: made[0], ranges: made[1] };
  return tidy(() => {
    const { size } = value;
    const groups = Math.ceil(size / format.group);
    const grid = reshape(padded(reshape(value, [-1]) as Tensor1D, groups * format.group), [groups, format.group]);
    const { least, step, ranges } = rangesOf(grid, format);
    const inverse = where(equal(step, 0), 0, reciprocal(step));
    const u = seed === undefined ? 0.5 : noise(seed, groups * format.group, grid.shape);
    const codes = floor(add(mul(sub(grid, least), inverse), u));
    const inRange = slice(reshape(clipByValue(codes, 0, 2 ** format.bits - 1), [-1]) as Tensor1D, [0], [size]);
    return { codes: packBits(cast(inRange, 'int32'), format.bits), ranges };
  });
}

/** The values again: `code · step + least`, in this shape. */
export function unpackGroups({ codes, ranges }: PackedGroups, format: GroupFormat, shape: readonly number[]): Tensor {
  const made = runKernelIfAny('tapgrad.UnpackGroups', { codes, ranges }, { ...format, shape: [...shape] });
  if (made) return made as Tensor;
  return tidy(() => {
    const size = shape.reduce((product, length) => product * length, 1);
    const groups = Math.ceil(size / format.group);
    const flat = padded(cast(unpackBits(codes, format.bits, size), 'float32') as Tensor1D, groups * format.group);
    const { least, step } = rangesFrom(ranges);
    const values = add(mul(reshape(flat, [groups, format.group]), step), least);
    return reshape(slice(reshape(values, [-1]) as Tensor1D, [0], [size]), [...shape]);
  });
}

interface Ranges {
  /** `[groups, 1]` */
  readonly least: Tensor;
  readonly step: Tensor;
}

function rangesOf(grid: Tensor, { bits, scales }: GroupFormat): Ranges & { readonly ranges: Tensor } {
  const least = min(grid, 1, true);
  const stepFrom = (from: Tensor) => div(sub(max(grid, 1, true), from), 2 ** bits - 1);
  if (scales === 'float32') {
    const step = stepFrom(least);
    return { least, step, ranges: concat([least, step], 1) };
  }
  const low = toBrainFloat(least, 'down');
  const high = toBrainFloat(stepFrom(fromBrainFloat(low)), 'up');
  const ranges = reshape(inOneWord(low, high), [-1]);
  return { least: fromBrainFloat(low), step: fromBrainFloat(high), ranges };
}

function rangesFrom(ranges: Tensor): Ranges {
  if (ranges.dtype === 'float32') {
    const [least, step] = split(ranges, 2, 1) as [Tensor, Tensor];
    return { least, step };
  }
  const { low, high } = outOfWord(ranges);
  const column = (bits: Tensor) => reshape(fromBrainFloat(cast(bits, 'float32')), [-1, 1]);
  return { least: column(low), step: column(high) };
}

/** Filled up with the last element, which changes no group's least and largest value. */
function padded(flat: Tensor1D, size: number): Tensor1D {
  if (flat.size === size) return flat;
  return concat([flat, broadcastTo(slice(flat, [flat.size - 1], [1]), [size - flat.size])]) as Tensor1D;
}

function noise(seed: number, count: number, shape: readonly number[]): Tensor {
  return tensor(
    Float32Array.from({ length: count }, (_, i) => noiseAt(seed, i)),
    [...shape],
  );
}
