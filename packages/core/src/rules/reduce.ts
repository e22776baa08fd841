/** Reductions. Every element that equals the maximum (or minimum) gets the whole gradient, as in tfjs. */
import { cast, cumprod, div, equal, mul, reshape, type Tensor, transpose, util } from '@tensorflow/tfjs-core';
import { expandTo } from './broadcast.ts';
import { rule } from './registry.ts';

interface ReduceAttributes {
  readonly axis?: number | number[];
  readonly keepDims?: boolean;
}

rule<'x', ReduceAttributes>('Sum', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({ x: () => expandTo(keepAxes(dy, shapes.x, attrs.axis), shapes.x) }),
});

rule<'x', ReduceAttributes>('Mean', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({
    x: () => {
      const count = util.sizeFromShape(shapes.x) / util.sizeFromShape(shapes.y);
      return expandTo(keepAxes(div(dy, count), shapes.x, attrs.axis), shapes.x);
    },
  }),
});

rule<'x', { reductionIndices?: number | number[] }>('Max', {
  inputs: ['x'],
  saves: () => ['x', 'y'],
  backward: ({ dy, saved, attrs, shapes }) => ({
    x: () => toExtremes(dy, saved.x, saved.y, shapes.x, attrs.reductionIndices),
  }),
});

rule<'x', ReduceAttributes>('Min', {
  inputs: ['x'],
  saves: () => ['x', 'y'],
  backward: ({ dy, saved, attrs, shapes }) => ({
    x: () => toExtremes(dy, saved.x, saved.y, shapes.x, attrs.axis),
  }),
});

/** Products of all other elements, from both sides: right with zeros in `x`, where `y / x` is not. */
rule<'x', ReduceAttributes>('Prod', {
  inputs: ['x'],
  saves: () => ['x'],
  backward: ({ dy, saved, attrs, shapes }) => ({
    x: () => {
      const axes = axesOf(attrs.axis, shapes.x);
      const kept = shapes.x.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
      const order = [...kept, ...axes];
      const rows = util.sizeFromShape(kept.map((axis) => shapes.x[axis]!));
      const moved = transpose(saved.x, order);
      const flat = reshape(moved, [rows, -1]);
      const others = mul(cumprod(flat, 1, true, false), cumprod(flat, 1, true, true));
      const gradient = reshape(mul(reshape(dy, [rows, 1]), others), moved.shape);
      return transpose(
        gradient,
        order.map((_, axis) => order.indexOf(axis)),
      );
    },
  }),
});

function axesOf(axis: number | number[] | undefined, shape: number[]): number[] {
  return util.parseAxisParam(axis as number | number[], shape);
}

/** Puts the reduced axes back with extent 1. */
function keepAxes(y: Tensor, shape: number[], axis: number | number[] | undefined): Tensor {
  const axes = axesOf(axis, shape);
  return reshape(
    y,
    shape.map((extent, i) => (axes.includes(i) ? 1 : extent)),
  );
}

function toExtremes(dy: Tensor, x: Tensor, y: Tensor, shape: number[], axis: number | number[] | undefined): Tensor {
  return mul(keepAxes(dy, shape, axis), cast(equal(x, keepAxes(y, shape, axis)), 'float32'));
}
