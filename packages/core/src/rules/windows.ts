import {
  add,
  cast,
  equal,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  mul,
  pad,
  stridedSlice,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** Where the windows of a pooling-like kernel lie on `x [batch, …extents, channels]`; each list has one entry a spatial axis. */
export interface Windows {
  readonly extents: readonly number[];
  readonly output: readonly number[];
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding in front of the first entry of each axis. */
  readonly before: readonly number[];
}

/** All positions inside one window, in row-major order. */
export function windowPositions({ size }: Windows): number[][] {
  return size.reduce<number[][]>(
    (positions, extent) => positions.flatMap((head) => Array.from({ length: extent }, (_, at) => [...head, at])),
    [[]],
  );
}

/** `x` with `value` around it, so that every window lies inside. */
export function padToWindows(x: Tensor, windows: Windows, value: number): Tensor {
  const spatial = windows.extents.map((extent, axis): [number, number] => {
    const before = windows.before[axis] as number;
    return [Math.max(before, 0), Math.max(reach(windows, axis) - before - extent, 0)];
  });
  return pad(x, [[0, 0], ...spatial, [0, 0]], value);
}

/** What all windows see at one of their positions: `[batch, …output, channels]`, from a tensor of `padToWindows`. */
export function windowSlice(padded: Tensor, windows: Windows, position: readonly number[]): Tensor {
  const begin = position.map((at, axis) => windowStart(windows, axis, at));
  const end = begin.map(
    (first, axis) => first + ((windows.output[axis] as number) - 1) * (windows.strides[axis] as number) + 1,
  );
  const [batch, channels] = [padded.shape[0] as number, padded.shape.at(-1) as number];
  return stridedSlice(padded, [0, ...begin, 0], [batch, ...end, channels], [1, ...windows.strides, 1]);
}

/** First entry that position `at` of the windows touches, in padded coordinates. */
export function windowStart(windows: Windows, axis: number, at: number): number {
  return at * (windows.dilations[axis] as number) - Math.min(windows.before[axis] as number, 0);
}

/** Entries of the padded axis that windows touch. */
function reach({ output, size, strides, dilations }: Windows, axis: number): number {
  return (
    ((output[axis] as number) - 1) * (strides[axis] as number) +
    ((size[axis] as number) - 1) * (dilations[axis] as number) +
    1
  );
}

/** How many entries of each window lie inside `x`, along one axis. */
export function entriesInside(windows: Windows, axis: number): number[] {
  const [stride, dilation, before, extent] = [windows.strides, windows.dilations, windows.before, windows.extents].map(
    (each) => each[axis] as number,
  ) as [number, number, number, number];
  return Array.from({ length: windows.output[axis] as number }, (_, at) => {
    let inside = 0;
    for (let k = 0; k < (windows.size[axis] as number); k++) {
      const entry = at * stride - before + k * dilation;
      if (entry >= 0 && entry < extent) inside++;
    }
    return Math.max(inside, 1);
  });
}

/**
 * For every window 1 where its maximum is, else 0: one `[batch, …output, channels]` mask for each candidate.
 * Of equal maxima the first (or last) one gets the 1, as in the kernel whose gradient it is.
 */
export function maximumMasks(candidates: readonly Tensor[], ties: 'first' | 'last'): Tensor[] {
  const best = candidates.reduce((largest, candidate) => maximum(largest, candidate));
  const masks: Tensor[] = [];
  const order = candidates.map((_, k) => (ties === 'first' ? k : candidates.length - 1 - k));
  let taken: Tensor | undefined;
  for (const k of order) {
    const hit = equal(candidates[k] as Tensor, best);
    masks[k] = cast(taken ? logicalAnd(hit, logicalNot(taken)) : hit, 'float32');
    taken = taken ? logicalOr(taken, hit) : hit;
  }
  return masks;
}

/** Sum over the candidates of `mask · source`. */
export function weightedSum(masks: readonly Tensor[], sources: readonly Tensor[]): Tensor {
  return masks.map((mask, k) => mul(mask, sources[k] as Tensor)).reduce((total, term) => add(total, term));
}
