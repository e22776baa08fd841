import { pad, reshape, reverse, slice, slice_util, type Tensor, util, zeros } from '@tensorflow/tfjs-core';
import { rule } from './registry.ts';

rule<'x', { begin: number | number[]; size: number | number[] }>('Slice', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({
    x: () => {
      const [begin, size] = slice_util.parseSliceParams({ shape: shapes.x } as Tensor, attrs.begin, attrs.size) as [
        number[],
        number[],
      ];
      return pad(
        dy,
        begin.map((start, axis) => [start, shapes.x[axis]! - start - size[axis]!] as [number, number]),
      );
    },
  }),
});

interface StridedSliceAttributes {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

/** Axis by axis: zeros between the elements for the stride, reversed for a negative one, zeros around. */
rule<'x', StridedSliceAttributes>('StridedSlice', {
  inputs: ['x'],
  backward: ({ dy, attrs, shapes }) => ({
    x: () => {
      const { begin, end, strides } = slice_util.sliceInfo(
        shapes.x,
        attrs.begin,
        attrs.end,
        attrs.strides,
        attrs.beginMask,
        attrs.endMask,
        attrs.ellipsisMask,
        attrs.newAxisMask,
        attrs.shrinkAxisMask,
      );
      if (dy.size === 0) return zeros(shapes.x);
      const taken = slice_util.computeOutShape(begin, end, strides);
      let gradient = reshape(dy, taken);
      shapes.x.forEach((extent, axis) => {
        gradient = spread(gradient, axis, begin[axis]!, strides[axis]!, extent);
      });
      return gradient;
    },
  }),
});

/** Writes element i along `axis` to position `begin + i · stride` of an axis of `extent` zeros. */
function spread(x: Tensor, axis: number, begin: number, stride: number, extent: number): Tensor {
  const count = x.shape[axis]!;
  const step = Math.abs(stride);
  const span = (count - 1) * step + 1;
  const dense = step === 1 ? x : dilate(x, axis, step, span);
  const first = stride > 0 ? begin : begin - (span - 1);
  if (first === 0 && span === extent) return stride > 0 ? dense : reverse(dense, axis);
  return padAxis(stride > 0 ? dense : reverse(dense, axis), axis, first, extent - first - span);
}

function dilate(x: Tensor, axis: number, step: number, span: number): Tensor {
  const outer = util.sizeFromShape(x.shape.slice(0, axis));
  const rows = reshape(x, [outer, x.shape[axis]!, 1, -1]);
  const spaced = pad(rows, [
    [0, 0],
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  const shape = x.shape.map((extent, i) => (i === axis ? extent * step : extent));
  const size = x.shape.map((extent, i) => (i === axis ? span : extent));
  return slice(
    reshape(spaced, shape),
    shape.map(() => 0),
    size,
  );
}

function padAxis(x: Tensor, axis: number, before: number, after: number): Tensor {
  return pad(
    x,
    x.shape.map((_, i) => (i === axis ? [before, after] : [0, 0]) as [number, number]),
  );
}
