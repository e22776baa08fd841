import {
  add,
  type CumprodAttrs,
  type CumsumAttrs,
  cumprod,
  cumsum,
  mul,
  pad,
  reverse,
  slice,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule<'x', CumsumAttrs>('Cumsum', {
  inputs: ['x'],
  backward: ({ dy, attrs: { axis, exclusive, reverse: backwards } }) => ({
    x: () => cumsum(dy, axis, exclusive, !backwards),
  }),
});

/**
 * For y_i = x_0 … x_i: dx_k = (x_0 … x_{k-1}) S_k with S_k = dy_k + x_{k+1} S_{k+1}, which holds for zeros in `x` too
 * (dividing y by x does not).
 */
rule<'x', CumprodAttrs>('Cumprod', {
  inputs: ['x'],
  saves: () => ['x'],
  backward: ({ dy, saved, shapes, attrs }) => ({
    x: () => {
      const axis = attrs.axis < 0 ? attrs.axis + shapes.x.length : attrs.axis;
      const turned = (value: Tensor) => (attrs.reverse ? reverse(value, axis) : value);
      const x = turned(saved.x);
      const shifted = attrs.exclusive ? ahead(turned(dy), axis, 1) : turned(dy);
      const suffix = linearRecurrence(shifted, ahead(x, axis, 1), axis);
      return turned(mul(cumprod(x, axis, true), suffix));
    },
  }),
});

/** `s_k = b_k + a_k s_{k+1}` along `axis`, by doubling: log2(n) steps of a few elementwise kernels. */
function linearRecurrence(b: Tensor, a: Tensor, axis: number): Tensor {
  let [sum, factor] = [b, a];
  for (let step = 1; step < (b.shape[axis] as number); step *= 2) {
    sum = add(sum, mul(factor, ahead(sum, axis, step)));
    factor = mul(factor, ahead(factor, axis, step));
  }
  return sum;
}

/** `x_{k + by}` at k, zero beyond the end. */
function ahead(x: Tensor, axis: number, by: number): Tensor {
  const extent = x.shape[axis] as number;
  const shift = Math.min(by, extent);
  const tail = slice(
    x,
    x.shape.map((_, each) => (each === axis ? shift : 0)),
    x.shape.map((size, each) => (each === axis ? extent - shift : size)),
  );
  return pad(
    tail,
    x.shape.map((_, each): [number, number] => [0, each === axis ? shift : 0]),
  );
}
