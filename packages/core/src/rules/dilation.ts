import { add, backend_util, type Dilation2DAttrs, reshape, slice, type Tensor } from '@tensorflow/tfjs-core';
import { runKernel } from './kernel.ts';
import { rule } from './registry.ts';
import { maximumMasks, padToWindows, type Windows, weightedSum, windowPositions, windowSlice } from './windows.ts';

type Operand = 'x' | 'filter';

function dilationWindows(x: readonly number[], filter: readonly number[], attrs: Dilation2DAttrs): Windows {
  const info = backend_util.computeDilation2DInfo(
    x as [number, number, number, number],
    filter as [number, number, number],
    attrs.strides,
    attrs.pad,
    'NHWC',
    attrs.dilations,
  );
  return {
    extents: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    size: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
  };
}

/** The filter's value at each position of a window, `[1, 1, 1, channels]`. */
function taps(filter: Tensor, windows: Windows): Tensor[] {
  const channels = filter.shape[2] as number;
  return windowPositions(windows).map(([row, column]) =>
    reshape(slice(filter, [row as number, column as number, 0], [1, 1, channels]), [1, 1, 1, channels]),
  );
}

function views(x: Tensor, windows: Windows, padding: number): Tensor[] {
  const padded = padToWindows(x, windows, padding);
  return windowPositions(windows).map((position) => windowSlice(padded, windows, position));
}

/** Masks of where `max (x + filter)` is attained. */
function attained(x: Tensor, filter: Tensor, windows: Windows): Tensor[] {
  const filterTaps = taps(filter, windows);
  const candidates = views(x, windows, Number.NEGATIVE_INFINITY).map((view, k) => add(view, filterTaps[k] as Tensor));
  return maximumMasks(candidates, 'first');
}

rule<Operand, Dilation2DAttrs>('Dilation2D', {
  inputs: ['x', 'filter'],
  saves: () => ['x', 'filter'],
  backward: ({ dy, saved: { x, filter }, attrs }) => ({
    x: () => runKernel('Dilation2DBackpropInput', { x, filter, dy }, attrs),
    filter: () => runKernel('Dilation2DBackpropFilter', { x, filter, dy }, attrs),
  }),
});

// Both backward kernels route dy to where the maximum was attained; their adjoints read there.
rule<Operand | 'dy', Dilation2DAttrs>('Dilation2DBackpropInput', {
  inputs: ['x', 'filter', 'dy'],
  differentiable: ['dy'],
  saves: () => ['x', 'filter'],
  backward: ({ dy: ddx, saved: { x, filter }, shapes, attrs }) => ({
    dy: () => {
      const windows = dilationWindows(shapes.x, shapes.filter, attrs);
      return weightedSum(attained(x, filter, windows), views(ddx, windows, 0));
    },
  }),
});

rule<Operand | 'dy', Dilation2DAttrs>('Dilation2DBackpropFilter', {
  inputs: ['x', 'filter', 'dy'],
  differentiable: ['dy'],
  saves: () => ['x', 'filter'],
  backward: ({ dy: ddfilter, saved: { x, filter }, shapes, attrs }) => ({
    dy: () => {
      const windows = dilationWindows(shapes.x, shapes.filter, attrs);
      return weightedSum(attained(x, filter, windows), taps(ddfilter, windows));
    },
  }),
});
