import { add, complex, fill, imag, real, reshape, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Sums a gradient over the axes along which an operand of `shape` was broadcast, so that it has that shape again. */
export function sumTo(gradient: Tensor, shape: readonly number[]): Tensor {
  if (gradient.dtype === 'complex64') return complex(sumTo(real(gradient), shape), sumTo(imag(gradient), shape));
  const lead = gradient.rank - shape.length;
  const axes: number[] = [];
  for (let axis = 0; axis < gradient.rank; axis++) {
    if (axis < lead || (shape[axis - lead] === 1 && gradient.shape[axis] !== 1)) axes.push(axis);
  }
  const summed = axes.length > 0 ? sum(gradient, axes) : gradient;
  return sameShape(summed.shape, shape) ? summed : reshape(summed, [...shape]);
}

/**
 * Repeats a gradient along its axes of extent 1, so that it has `shape`: what summing over them takes back to.
 * By an addition, since tfjs's wasm backend takes 50 times as long for a tile.
 */
export function expandTo(gradient: Tensor, shape: readonly number[]): Tensor {
  return sameShape(gradient.shape, shape) ? gradient : tidy(() => add(fill([...shape], 0), gradient));
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
