// What is made of labels. tfjs's kernels hand numbers over as floats, count integers with the bits of floats, and do not compile for presence alone.
import { Bincount, type DataType, DenseBincount, OneHot, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { bitsOf, filled } from '../filled.ts';
import { callKernel, type KernelRun, kernel } from '../register.ts';
import { i32, u32 } from '../uniforms.ts';
import { flat, main } from '../wgsl/flat.ts';
import { segmentSum } from './segment-sum.ts';

interface OneHotAttrs {
  readonly dtype: DataType;
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
}

/** `y[..., c] = on where the index is c, off elsewhere` */
function registerOneHot(): void {
  kernel<{ indices: TensorInfo }, OneHotAttrs>(OneHot, ({ inputs: { indices }, attrs, gpu }) => {
    const { dtype, depth, onValue, offValue } = attrs;
    const shape = [...indices.shape, depth];
    const y = gpu.output(shape, dtype);
    const count = util.sizeFromShape(shape);
    if (count === 0) return y;
    gpu.dispatch({
      name: 'one-hot',
      read: { indices: [indices, 'i32'] },
      write: { y: [y, 'u32'] },
      uniforms: {
        count: u32(count),
        depth: u32(depth),
        on: u32(bitsOf(onValue, dtype)),
        off: u32(bitsOf(offValue, dtype)),
      },
      code: () =>
        main('y[i] = select(uniforms.off, uniforms.on, indices[i / uniforms.depth] == i32(i % uniforms.depth));'),
      workgroups: Math.ceil(count / flat),
    });
    return y;
  });
}

interface BincountAttrs {
  readonly size: number;
  readonly binaryOutput?: boolean;
}

/** How often each number below `size` stands in x, or in each of its rows; or the sum of the weights beside it, in their order. */
const bincount: KernelRun<{ x: TensorInfo; weights: TensorInfo }, BincountAttrs> = ({
  inputs: { x, weights },
  attrs: { size, binaryOutput = false },
  gpu,
}) => {
  const { dtype } = weights;
  const count = util.sizeFromShape(x.shape);
  const shape = [...x.shape.slice(0, -1), size];
  const bins = gpu.output([count], 'int32');
  if (count > 0) {
    gpu.dispatch({
      name: 'bins',
      read: { x: [x, 'i32'] },
      write: { bins: [bins, 'i32'] },
      uniforms: { count: u32(count), width: u32(x.shape.at(-1)!), size: i32(size) },
      code: () =>
        main(
          'bins[i] = select(-1, i32(i / uniforms.width) * uniforms.size + x[i], x[i] >= 0 && x[i] < uniforms.size);',
        ),
      workgroups: Math.ceil(count / flat),
    });
  }
  const weighted = util.sizeFromShape(weights.shape) > 0 && !binaryOutput;
  const each = weighted ? { ...weights, shape: [count] } : filled(gpu, [count], dtype, 1);
  const sums = segmentSum(gpu, each, bins, util.sizeFromShape(shape));
  const used = weighted ? [bins] : [bins, each];
  let counts = sums;
  if (binaryOutput) {
    const one = filled(gpu, [], dtype, 1);
    counts = callKernel(gpu, 'Minimum', { a: sums, b: one });
    used.push(sums, one);
  }
  for (const { dataId } of used) gpu.disposeData(dataId);
  return { ...counts, shape };
};

export function registerCounts(): void {
  registerOneHot();
  kernel(Bincount, bincount);
  kernel(DenseBincount, bincount);
}
