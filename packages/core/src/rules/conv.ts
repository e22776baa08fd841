import type { Conv2DAttrs, Conv2DBackpropFilterAttrs, Conv2DBackpropInputAttrs, Tensor } from '@tensorflow/tfjs-core';
import { dilatedShape, dilateFilter, dilationRates, undilateFilter } from './dilate-filter.ts';
import { runKernel } from './kernel.ts';
import { rule } from './registry.ts';

/** Gradient of a 2-D convolution with respect to its input of `inputShape`. */
export function conv2dInputGradient(
  dy: Tensor,
  filter: Tensor,
  inputShape: readonly number[],
  attrs: Conv2DAttrs,
): Tensor {
  const dilated = dilateFilter(filter, dilationRates(attrs.dilations, 2));
  return runKernel('Conv2DBackpropInput', { dy, filter: dilated }, { ...geometry(attrs), inputShape });
}

/** Gradient of a 2-D convolution with respect to its filter of `filterShape`. */
export function conv2dFilterGradient(
  x: Tensor,
  dy: Tensor,
  filterShape: readonly number[],
  attrs: Conv2DAttrs,
): Tensor {
  const rates = dilationRates(attrs.dilations, 2);
  const shape = dilatedShape(filterShape, rates);
  return undilateFilter(
    runKernel('Conv2DBackpropFilter', { x, dy }, { ...geometry(attrs), filterShape: shape }),
    rates,
  );
}

type Geometry = Pick<Conv2DAttrs, 'strides' | 'pad' | 'dataFormat' | 'dimRoundingMode'>;

function geometry({ strides, pad, dataFormat, dimRoundingMode }: Geometry): Geometry {
  return { strides, pad, dataFormat, ...(dimRoundingMode ? { dimRoundingMode } : {}) };
}

rule<'x' | 'filter', Conv2DAttrs>('Conv2D', {
  inputs: ['x', 'filter'],
  saves: (need) => [need.x && 'filter', need.filter && 'x'],
  backward: ({ dy, saved, shapes, attrs }) => ({
    x: () => conv2dInputGradient(dy, saved.filter, shapes.x, attrs),
    filter: () => conv2dFilterGradient(saved.x, dy, shapes.filter, attrs),
  }),
});

// The backward kernels are bilinear too: each of the three is a derivative of the other two.
rule<'dy' | 'filter', Conv2DBackpropInputAttrs>('Conv2DBackpropInput', {
  inputs: ['dy', 'filter'],
  saves: (need) => [need.dy && 'filter', need.filter && 'dy'],
  backward: ({ dy: ddx, saved, shapes, attrs }) => ({
    dy: () => runKernel('Conv2D', { x: ddx, filter: saved.filter }, { ...geometry(attrs), dilations: 1 }),
    filter: () =>
      runKernel('Conv2DBackpropFilter', { x: ddx, dy: saved.dy }, { ...geometry(attrs), filterShape: shapes.filter }),
  }),
});

rule<'x' | 'dy', Conv2DBackpropFilterAttrs>('Conv2DBackpropFilter', {
  inputs: ['x', 'dy'],
  saves: (need) => [need.x && 'dy', need.dy && 'x'],
  backward: ({ dy: ddw, saved, shapes, attrs }) => ({
    x: () =>
      runKernel('Conv2DBackpropInput', { dy: saved.dy, filter: ddw }, { ...geometry(attrs), inputShape: shapes.x }),
    dy: () => runKernel('Conv2D', { x: saved.x, filter: ddw }, { ...geometry(attrs), dilations: 1 }),
  }),
});
