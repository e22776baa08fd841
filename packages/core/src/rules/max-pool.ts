import {
  add,
  type MaxPool3DAttrs,
  type MaxPoolAttrs,
  type MaxPoolWithArgmaxAttrs,
  mul,
  pad,
  range,
  reshape,
  scatterND,
  slice,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { dilateFilter } from './dilate-filter.ts';
import { runKernel } from './kernel.ts';
import { backwardAttrs2d, poolWindows2d, poolWindows3d } from './pool-windows.ts';
import { rule } from './registry.ts';
import {
  maximumMasks,
  padToWindows,
  type Windows,
  weightedSum,
  windowPositions,
  windowSlice,
  windowStart,
} from './windows.ts';

/** All windows' views of `x`, one for each position inside a window. */
function views(x: Tensor, windows: Windows, padding: number): Tensor[] {
  const padded = padToWindows(x, windows, padding);
  return windowPositions(windows).map((position) => windowSlice(padded, windows, position));
}

/** Reads `from` where each window of `x` has its maximum: the adjoint of routing a gradient there. */
function readAtMaximum(from: Tensor, x: Tensor, windows: Windows, ties: 'first' | 'last'): Tensor {
  return weightedSum(maximumMasks(views(x, windows, Number.NEGATIVE_INFINITY), ties), views(from, windows, 0));
}

// The backward kernels read the positions of the maxima from `input`; `output` they only take for its shape,
// which is dy's, so that the pooled values need not be saved.
rule<'x', MaxPoolAttrs>('MaxPool', {
  inputs: ['x'],
  saves: () => ['x'],
  backward: ({ dy, saved, shapes, attrs }) => ({
    x: () => {
      const windows = poolWindows2d(shapes.x, attrs);
      return runKernel('MaxPoolGrad', { dy, input: saved.x, output: dy }, backwardAttrs2d(windows, attrs));
    },
  }),
});

rule<'dy' | 'input' | 'output', MaxPoolAttrs>('MaxPoolGrad', {
  inputs: ['dy', 'input', 'output'],
  differentiable: ['dy'],
  saves: () => ['input'],
  backward: ({ dy: ddx, saved, shapes, attrs }) => ({
    dy: () => readAtMaximum(ddx, saved.input, poolWindows2d(shapes.input, attrs), 'first'),
  }),
});

rule<'x', MaxPoolWithArgmaxAttrs>('MaxPoolWithArgmax', {
  inputs: ['x'],
  saves: () => ['y1'],
  backward: ({ dy, saved, shapes, attrs }) => ({
    x: () => {
      const size = shapes.x.reduce((product, extent) => product * extent, 1);
      const batch = shapes.x[0] as number;
      const perSample = reshape(saved.y1!, [batch, dy.size / batch]);
      const offsets = reshape(range(0, size, size / batch, 'int32'), [batch, 1]);
      const flat = attrs.includeBatchInIndex ? perSample : add(perSample, offsets);
      return reshape(scatterND(reshape(flat, [dy.size, 1]), reshape(dy, [dy.size]), [size]), shapes.x);
    },
  }),
});

rule<'x', MaxPool3DAttrs>('MaxPool3D', {
  inputs: ['x'],
  saves: () => ['x'],
  backward: ({ dy, saved, shapes, attrs }) => ({
    x: () => {
      const windows = poolWindows3d(shapes.x, attrs);
      const [, height, width] = windows.size;
      // tfjs's kernel mistakes one for the other.
      if (height !== width) return routeToMaximum(dy, saved.x, windows, 'last');
      return runKernel('MaxPool3DGrad', { dy, input: saved.x, output: dy }, attrs);
    },
  }),
});

rule<'dy' | 'input' | 'output', MaxPool3DAttrs>('MaxPool3DGrad', {
  inputs: ['dy', 'input', 'output'],
  differentiable: ['dy'],
  saves: () => ['input'],
  backward: ({ dy: ddx, saved, shapes, attrs }) => ({
    dy: () => readAtMaximum(ddx, saved.input, poolWindows3d(shapes.input, attrs), 'last'),
  }),
});

/** Adds each entry of `dy` to where its window of `x` has the maximum. */
function routeToMaximum(dy: Tensor, x: Tensor, windows: Windows, ties: 'first' | 'last'): Tensor {
  const masks = maximumMasks(views(x, windows, Number.NEGATIVE_INFINITY), ties);
  const padded = padToWindows(x, windows, 0).shape;
  const routed = windowPositions(windows).map((position, k) => {
    const spread = dilateFilter(mul(masks[k] as Tensor, dy), [1, ...windows.strides]);
    const first = position.map((at, axis) => windowStart(windows, axis, at));
    const sides = first.map((begin, axis): [number, number] => {
      const total = padded[axis + 1] as number;
      return [begin, total - begin - (spread.shape[axis + 1] as number)];
    });
    return pad(spread, [[0, 0], ...sides, [0, 0]]);
  });
  const begin = [0, ...windows.before.map((before) => Math.max(before, 0)), 0];
  return slice(
    routed.reduce((total, each) => add(total, each)),
    begin,
    x.shape,
  );
}
