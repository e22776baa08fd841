import type {
  DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInputAttrs,
  Tensor,
} from '@tensorflow/tfjs-core';
import { dilatedShape, dilateFilter, dilationRates, undilateFilter } from './dilate-filter.ts';
import { runKernel } from './kernel.ts';
import { rule } from './registry.ts';

type Geometry = Pick<DepthwiseConv2dNativeAttrs, 'strides' | 'pad' | 'dimRoundingMode'>;

function geometry({ strides, pad, dimRoundingMode }: Geometry): Geometry & { dilations: number } {
  return { strides, pad, dilations: 1, ...(dimRoundingMode ? { dimRoundingMode } : {}) };
}

const forwardAttrs = (attrs: Geometry) => ({ ...geometry(attrs), dataFormat: 'NHWC' });

/** Gradient of a depthwise convolution with respect to its input of `inputShape`. */
export function depthwiseInputGradient(
  dy: Tensor,
  filter: Tensor,
  inputShape: readonly number[],
  attrs: DepthwiseConv2dNativeAttrs,
): Tensor {
  const dilated = dilateFilter(filter, dilationRates(attrs.dilations, 2));
  return runKernel('DepthwiseConv2dNativeBackpropInput', { dy, filter: dilated }, { ...geometry(attrs), inputShape });
}

/** Gradient of a depthwise convolution with respect to its filter of `filterShape`. */
export function depthwiseFilterGradient(
  x: Tensor,
  dy: Tensor,
  filterShape: readonly number[],
  attrs: DepthwiseConv2dNativeAttrs,
): Tensor {
  const rates = dilationRates(attrs.dilations, 2);
  const wide = { ...geometry(attrs), filterShape: dilatedShape(filterShape, rates) };
  return undilateFilter(runKernel('DepthwiseConv2dNativeBackpropFilter', { x, dy }, wide), rates);
}

rule<'x' | 'filter', DepthwiseConv2dNativeAttrs>('DepthwiseConv2dNative', {
  inputs: ['x', 'filter'],
  saves: (need) => [need.x && 'filter', need.filter && 'x'],
  backward: ({ dy, saved, shapes, attrs }) => ({
    x: () => depthwiseInputGradient(dy, saved.filter, shapes.x, attrs),
    filter: () => depthwiseFilterGradient(saved.x, dy, shapes.filter, attrs),
  }),
});

rule<'dy' | 'filter', DepthwiseConv2dNativeBackpropInputAttrs>('DepthwiseConv2dNativeBackpropInput', {
  inputs: ['dy', 'filter'],
  saves: (need) => [need.dy && 'filter', need.filter && 'dy'],
  backward: ({ dy: ddx, saved, shapes, attrs }) => ({
    dy: () => runKernel('DepthwiseConv2dNative', { x: ddx, filter: saved.filter }, forwardAttrs(attrs)),
    filter: () => {
      const wanted = { ...geometry(attrs), filterShape: shapes.filter };
      return runKernel('DepthwiseConv2dNativeBackpropFilter', { x: ddx, dy: saved.dy }, wanted);
    },
  }),
});

rule<'x' | 'dy', DepthwiseConv2dNativeBackpropFilterAttrs>('DepthwiseConv2dNativeBackpropFilter', {
  inputs: ['x', 'dy'],
  saves: (need) => [need.x && 'dy', need.dy && 'x'],
  backward: ({ dy: ddw, saved, shapes, attrs }) => ({
    x: () => {
      const wanted = { ...geometry(attrs), inputShape: shapes.x };
      return runKernel('DepthwiseConv2dNativeBackpropInput', { dy: saved.dy, filter: ddw }, wanted);
    },
    dy: () => runKernel('DepthwiseConv2dNative', { x: saved.x, filter: ddw }, forwardAttrs(attrs)),
  }),
});
