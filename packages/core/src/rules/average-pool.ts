import { type AvgPool3DAttrs, type AvgPoolAttrs, mul, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { runKernel, shapeOnly } from './kernel.ts';
import { backwardAttrs2d, poolWindows2d, poolWindows3d } from './pool-windows.ts';
import { rule } from './registry.ts';
import { entriesInside, type Windows } from './windows.ts';

/**
 * tfjs's forward kernels divide by the number of entries inside the image, its backward kernels by the area of the
 * window. Where a window hangs over the edge the two differ by this factor, `[1, …output, 1]`.
 */
function edgeFactor(windows: Windows, exponent: 1 | -1): Tensor | undefined {
  const factors = windows.size.map((size, axis) =>
    entriesInside(windows, axis).map((inside) => (size / inside) ** exponent),
  );
  if (factors.every((axis) => axis.every((factor) => factor === 1))) return undefined;
  const product = factors.reduce((outer, axis) => outer.flatMap((a) => axis.map((b) => a * b)));
  return tensor(product, [1, ...windows.output, 1]);
}

function scaled(x: Tensor, factor: Tensor | undefined): Tensor {
  return factor ? mul(x, factor) : x;
}

rule<'x', AvgPoolAttrs>('AvgPool', {
  inputs: ['x'],
  backward: ({ dy, shapes, attrs }) => ({
    x: () => {
      const windows = poolWindows2d(shapes.x, attrs);
      const inputs = { dy: scaled(dy, edgeFactor(windows, 1)), input: shapeOnly(shapes.x) };
      return runKernel('AvgPoolGrad', inputs, backwardAttrs2d(windows, attrs));
    },
  }),
});

rule<'dy' | 'input', AvgPoolAttrs>('AvgPoolGrad', {
  inputs: ['dy', 'input'],
  differentiable: ['dy'],
  backward: ({ dy: ddx, shapes, attrs }) => ({
    dy: () => scaled(runKernel('AvgPool', { x: ddx }, attrs), edgeFactor(poolWindows2d(shapes.input, attrs), -1)),
  }),
});

rule<'x', AvgPool3DAttrs>('AvgPool3D', {
  inputs: ['x'],
  backward: ({ dy, shapes, attrs }) => ({
    x: () => {
      const factor = edgeFactor(poolWindows3d(shapes.x, attrs), 1);
      return runKernel('AvgPool3DGrad', { dy: scaled(dy, factor), input: shapeOnly(shapes.x) }, attrs);
    },
  }),
});

rule<'dy' | 'input', AvgPool3DAttrs>('AvgPool3DGrad', {
  inputs: ['dy', 'input'],
  differentiable: ['dy'],
  backward: ({ dy: ddx, shapes, attrs }) => ({
    dy: () => {
      const pooled = runKernel('AvgPool3D', { x: ddx }, { ...attrs, dataFormat: 'NDHWC' });
      return scaled(pooled, edgeFactor(poolWindows3d(shapes.input, attrs), -1));
    },
  }),
});
