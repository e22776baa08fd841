import type { Conv3DAttrs, Conv3DBackpropFilterV2Attrs, Conv3DBackpropInputV2Attrs } from '@tensorflow/tfjs-core';
import { dilatedShape, dilateFilter, dilationRates, undilateFilter } from './dilate-filter.ts';
import { runKernel } from './kernel.ts';
import { rule } from './registry.ts';

type Geometry = Pick<Conv3DAttrs, 'strides' | 'pad'>;

// tfjs's 3-D convolutions read channels-last data alone.
const forwardAttrs = ({ strides, pad }: Geometry) => ({ strides, pad, dataFormat: 'NDHWC', dilations: 1 });

rule<'x' | 'filter', Conv3DAttrs>('Conv3D', {
  inputs: ['x', 'filter'],
  saves: (need) => [need.x && 'filter', need.filter && 'x'],
  backward({ dy, saved, shapes, attrs: { strides, pad, dilations } }) {
    const rates = dilationRates(dilations, 3);
    return {
      x: () => {
        const filter = dilateFilter(saved.filter, rates);
        return runKernel('Conv3DBackpropInputV2', { dy, filter }, { strides, pad, inputShape: shapes.x });
      },
      filter: () => {
        const filterShape = dilatedShape(shapes.filter, rates);
        const wide = runKernel('Conv3DBackpropFilterV2', { x: saved.x, dy }, { strides, pad, filterShape });
        return undilateFilter(wide, rates);
      },
    };
  },
});

rule<'dy' | 'filter', Conv3DBackpropInputV2Attrs>('Conv3DBackpropInputV2', {
  inputs: ['dy', 'filter'],
  saves: (need) => [need.dy && 'filter', need.filter && 'dy'],
  backward: ({ dy: ddx, saved, shapes, attrs }) => ({
    dy: () => runKernel('Conv3D', { x: ddx, filter: saved.filter }, forwardAttrs(attrs)),
    filter: () => {
      const { strides, pad } = attrs;
      return runKernel(
        'Conv3DBackpropFilterV2',
        { x: ddx, dy: saved.dy },
        { strides, pad, filterShape: shapes.filter },
      );
    },
  }),
});

rule<'x' | 'dy', Conv3DBackpropFilterV2Attrs>('Conv3DBackpropFilterV2', {
  inputs: ['x', 'dy'],
  saves: (need) => [need.x && 'dy', need.dy && 'x'],
  backward: ({ dy: ddw, saved, shapes, attrs }) => ({
    x: () => {
      const { strides, pad } = attrs;
      return runKernel('Conv3DBackpropInputV2', { dy: saved.dy, filter: ddw }, { strides, pad, inputShape: shapes.x });
    },
    dy: () => runKernel('Conv3D', { x: saved.x, filter: ddw }, forwardAttrs(attrs)),
  }),
});
