/** Kernels that only move elements. None saves a value: shapes and attributes are enough. */
import {
  backend_util,
  concat,
  fill,
  reshape,
  reverse,
  slice,
  stack,
  sum,
  type Tensor,
  transpose,
  util,
} from '@tensorflow/tfjs-core';
import { sumTo } from './broadcast.ts';
import { rule } from './registry.ts';

rule('Reshape', { inputs: ['x'], backward: ({ dy, shapes }) => ({ x: () => reshape(dy, shapes.x) }) });

rule('ExpandDims', { inputs: ['input'], backward: ({ dy, shapes }) => ({ input: () => reshape(dy, shapes.input) }) });

rule<'x', { perm: number[] }>('Transpose', {
  inputs: ['x'],
  backward: ({ dy, attrs }) => ({ x: () => transpose(dy, backend_util.getUndoAxesPermutation(attrs.perm)) }),
});

rule<'x', { dims: number | number[] }>('Reverse', {
  inputs: ['x'],
  backward: ({ dy, attrs }) => ({ x: () => reverse(dy, attrs.dims) }),
});

rule('BroadcastTo', { inputs: ['x'], backward: ({ dy, shapes }) => ({ x: () => sumTo(dy, shapes.x) }) });

/** Sums the copies axis by axis in three dimensions, so that any rank works. */
rule<'x', { reps: number[] }>('Tile', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({
    x: () => {
      let gradient = dy;
      attrs.reps.forEach((copies, axis) => {
        if (copies === 1) return;
        const outer = util.sizeFromShape(gradient.shape.slice(0, axis));
        gradient = sum(reshape(gradient, [outer, copies, -1]), 1);
        gradient = reshape(gradient, [...shapes.x.slice(0, axis + 1), ...dy.shape.slice(axis + 1)]);
      });
      return gradient;
    },
  }),
});

rule<string, { axis: number }>('Concat', {
  inputs: 'variadic',
  backward: ({ dy, attrs, shapes, count }) => {
    const [axis] = util.parseAxisParam(attrs.axis, shapes['0']!) as [number];
    let offset = 0;
    return Object.fromEntries(
      Array.from({ length: count }, (_, i) => {
        const size = shapes[`${i}`]!;
        const begin = size.map((_, dimension) => (dimension === axis ? offset : 0));
        offset += size[axis]!;
        return [`${i}`, () => slice(dy, begin, size)];
      }),
    );
  },
});

rule<string, { axis: number }>('Pack', {
  inputs: 'variadic',
  backward: ({ dy, attrs, shapes, count }) => {
    const [axis] = util.parseAxisParam(attrs.axis, dy.shape) as [number];
    const size = dy.shape.map((extent, dimension) => (dimension === axis ? 1 : extent));
    const part = (index: number): Tensor => {
      const begin = size.map((_, dimension) => (dimension === axis ? index : 0));
      return reshape(slice(dy, begin, size), shapes[`${index}`]!);
    };
    return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`, () => part(i)]));
  },
});

rule<'value', { axis: number }>('Unpack', {
  inputs: ['value'],
  backward: ({ dys, attrs, shapes }) => ({
    value: () =>
      stack(
        dys.map((dy) => dy ?? fill(shapes.y, 0)),
        attrs.axis,
      ),
  }),
});

rule<'x', { axis: number }>('SplitV', {
  inputs: ['x'],
  backward: ({ dys, attrs, shapes }) => ({
    x: () =>
      concat(
        dys.map((dy, i) => dy ?? fill(i === 0 ? shapes.y : shapes[`y${i}`]!, 0)),
        attrs.axis,
      ),
  }),
});
