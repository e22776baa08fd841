import { pad, reshape, slice, stridedSlice, type Tensor } from '@tensorflow/tfjs-core';

/** Dilation rate along each spatial axis of a filter, given as tfjs attributes are: one number, a list or nothing. */
export function dilationRates(dilations: number | readonly number[] | null | undefined, rank: number): number[] {
  return Array.from({ length: rank }, (_, axis) =>
    typeof dilations === 'number' ? dilations : (dilations?.[axis] ?? 1),
  );
}

/**
 * tfjs's backward convolution kernels know no dilation. A dilated convolution is a plain one whose filter has
 * `rate - 1` zeros between its entries, with the same padding (tfjs computes padding from the effective extent).
 */
export function dilateFilter(filter: Tensor, rates: readonly number[]): Tensor {
  return rates.reduce((dilated, rate, axis) => (rate > 1 ? spread(dilated, axis, rate) : dilated), filter);
}

/** Adjoint of `dilateFilter`: keeps the entries that are no inserted zeros. */
export function undilateFilter(filter: Tensor, rates: readonly number[]): Tensor {
  if (rates.every((rate) => rate === 1)) return filter;
  const strides = filter.shape.map((_, axis) => rates[axis] ?? 1);
  return stridedSlice(
    filter,
    filter.shape.map(() => 0),
    filter.shape,
    strides,
  );
}

export function dilatedShape(shape: readonly number[], rates: readonly number[]): number[] {
  return shape.map((extent, axis) => (extent - 1) * (rates[axis] ?? 1) + 1);
}

function spread(x: Tensor, axis: number, rate: number): Tensor {
  const extent = x.shape[axis] as number;
  const before = x.shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const rows = reshape(x, [before * extent, 1, x.size / (before * extent)]);
  const padded = pad(rows, [
    [0, 0],
    [0, rate - 1],
    [0, 0],
  ]);
  const wide = [...x.shape.slice(0, axis), extent * rate, ...x.shape.slice(axis + 1)];
  const wanted = wide.map((size, each) => (each === axis ? (extent - 1) * rate + 1 : size));
  return slice(
    reshape(padded, wide),
    wide.map(() => 0),
    wanted,
  );
}
