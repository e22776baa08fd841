import {
  add,
  argMin,
  cast,
  concat,
  div,
  expandDims,
  fill,
  greater,
  greaterEqual,
  lessEqual,
  logicalAnd,
  max,
  maximum,
  minimum,
  mul,
  oneHot,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
  tensor,
  where,
} from '@tensorflow/tfjs-core';

/** Points of the pyramid in time, level after level, in clips. */
export interface Points {
  readonly time: readonly number[];
  readonly stride: readonly number[];
  /** How long the longer side of a moment must be that the point is responsible for. */
  readonly least: readonly number[];
  readonly most: readonly number[];
}

const endless = 1e9;

/** Level of stride s has a point every s clips; it looks for sides from s (the first: 0) to 2 s (the last: any). */
export function pointsOf(clips: number, strides: readonly number[]): Points {
  const all = strides.flatMap((stride, level) =>
    Array.from({ length: Math.ceil(clips / stride) }, (_, i) => ({
      time: i * stride,
      stride,
      least: level === 0 ? 0 : stride,
      most: level === strides.length - 1 ? endless : 2 * stride,
    })),
  );
  return {
    time: all.map(({ time }) => time),
    stride: all.map(({ stride }) => stride),
    least: all.map(({ least }) => least),
    most: all.map(({ most }) => most),
  };
}

/**
 * Which points answer for which moment: those inside it, within `radius` strides of its centre, whose longer side fits the
 * level; of several moments the shortest.
 * @param spans `[batch, moments, 2]`, begin and end in clips; an end that is not after the begin says that there is none
 * @returns positive `[batch, points]` of 1 and 0, and offsets `[batch, points, 2]` to begin and end, in strides
 */
export function assign(spans: Tensor, points: Points, radius: number): { positive: Tensor; offsets: Tensor } {
  const [batch, moments] = spans.shape as [number, number, number];
  const count = points.time.length;
  const column = (values: readonly number[]) => tensor([...values], [1, count, 1], 'float32');
  const side = (index: number) =>
    cast(reshaped(slice(spans, [0, 0, index], [batch, moments, 1]), batch, moments), 'float32');
  const [begin, end, time, stride] = [side(0), side(1), column(points.time), column(points.stride)];
  const [before, ahead] = [sub(time, begin), sub(end, time)];
  const centre = mul(add(begin, end), 0.5);
  const reach = mul(stride, radius);
  const inside = logicalAnd(
    greaterEqual(time, maximum(sub(centre, reach), begin)),
    lessEqual(time, minimum(add(centre, reach), end)),
  );
  const longer = maximum(before, ahead);
  const fits = logicalAnd(greaterEqual(longer, column(points.least)), lessEqual(longer, column(points.most)));
  const length = sub(end, begin);
  const answers = logicalAnd(logicalAnd(inside, fits), greater(length, 0));
  const cost = where(answers, add(length, fill([batch, count, moments], 0)), fill([batch, count, moments], endless));
  const chosen = cast(oneHot(cast(argMin(cost, -1), 'int32'), moments), 'float32');
  const offset = (distance: Tensor) => div(sum(mul(distance, chosen), -1, true), stride);
  return { positive: max(cast(answers, 'float32'), -1), offsets: concat([offset(before), offset(ahead)], -1) };
}

/** Clips whose middle lies in a moment: `[batch, clips]` of 1 and 0. */
export function foreground(spans: Tensor, clips: number): Tensor {
  const [batch, moments] = spans.shape as [number, number, number];
  const middle = tensor(
    Array.from({ length: clips }, (_, t) => t + 0.5),
    [1, clips, 1],
  );
  const side = (index: number) =>
    cast(reshaped(slice(spans, [0, 0, index], [batch, moments, 1]), batch, moments), 'float32');
  return max(cast(logicalAnd(greaterEqual(middle, side(0)), lessEqual(middle, side(1))), 'float32'), -1);
}

function reshaped(column: Tensor, batch: number, moments: number): Tensor {
  return expandDims(reshape(column, [batch, moments]), 1);
}
