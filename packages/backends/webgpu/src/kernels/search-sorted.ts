import { SearchSorted, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { u32 } from '../uniforms.ts';
import { flat, main } from '../wgsl/flat.ts';

/** How many integers of a sorted row are below a value (left), or not above it (right), by halving; tfjs's kernel compares floats. */
export function registerSearchSorted(): void {
  kernel<{ sortedSequence: TensorInfo; values: TensorInfo }, { side: 'left' | 'right' }>(
    SearchSorted,
    ({ inputs: { sortedSequence, values }, attrs: { side }, gpu, stock }) => {
      if (sortedSequence.dtype !== 'int32' || values.dtype !== 'int32') return stock();
      const bounds = gpu.output(values.shape, 'int32');
      const count = util.sizeFromShape(values.shape);
      if (count === 0) return bounds;
      gpu.dispatch({
        name: 'search-sorted',
        variant: side,
        read: { sorted: [sortedSequence, 'i32'], values: [values, 'i32'] },
        write: { bounds: [bounds, 'u32'] },
        uniforms: { count: u32(count), each: u32(values.shape.at(-1)!), length: u32(sortedSequence.shape.at(-1)!) },
        code: () =>
          main(`
  let first = i / uniforms.each * uniforms.length;
  var low = 0u;
  var high = uniforms.length;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (sorted[first + middle] ${side === 'left' ? '<' : '<='} values[i]) { low = middle + 1u; } else { high = middle; }
  }
  bounds[i] = low;`),
        workgroups: Math.ceil(count / flat),
      });
      return bounds;
    },
  );
}
