import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { callKernel, kernel } from '../register.ts';
import { u32 } from '../uniforms.ts';
import { before, beginOfSample, largest } from '../wgsl/largest.ts';

/**
 * The `count` elements of largest magnitude of each sample, among equals the first, in their order, and a bit for each element
 * that says whether it is one of them. One workgroup a sample.
 */
export function registerSparse(): void {
  kernel<{ x: TensorInfo }, { samples: number; count: number }>(
    'tapgrad.PackSparse',
    ({ inputs: { x }, attrs: { samples, count }, gpu }) => {
      const elements = util.sizeFromShape(x.shape);
      const words = Math.ceil(elements / 32);
      const mask = callKernel(gpu, 'Fill', {}, { shape: [words], value: 0, dtype: 'int32' });
      const values = gpu.output([samples, count]);
      if (elements === 0 || count === 0) return [mask, values];
      gpu.dispatch({
        name: 'pack-sparse',
        read: { x: [x, 'f32'] },
        write: { mask: [mask, 'atomic<u32>'], values: [values, 'f32'] },
        uniforms: { samples: u32(samples), width: u32(elements / samples), keep: u32(count) },
        code: () =>
          largest(
            'return bitcast<u32>(x[i]) & 0x7fffffffu;',
            'values[place] = x[i]; atomicOr(&mask[i / 32u], 1u << (i % 32u));',
          ),
        workgroups: samples,
      });
      return [mask, values];
    },
  );
  kernel<{ mask: TensorInfo; values: TensorInfo }, { shape: readonly number[] }>(
    'tapgrad.UnpackSparse',
    ({ inputs: { mask, values }, attrs: { shape }, gpu }) => {
      const y = gpu.output(shape);
      const [samples, keep] = values.shape as [number, number];
      const elements = util.sizeFromShape([...shape]);
      if (elements === 0) return y;
      gpu.dispatch({
        name: 'unpack-sparse',
        read: { mask: [mask, 'u32'], values: [values, 'f32'] },
        write: { y: [y, 'f32'] },
        uniforms: { samples: u32(samples), width: u32(elements / samples), keep: u32(keep) },
        code: () => unpacker,
        workgroups: samples,
      });
      return y;
    },
  );
}

const unpacker = `
${before}
fn is_kept(i: u32) -> u32 { return (mask[i / 32u] >> (i % 32u)) & 1u; }
${beginOfSample}
  var count = 0u;
  for (var i = start; i < end; i++) { count += is_kept(i); }
  var at = sample * uniforms.keep + before(vec2u(count, 0u), local).x;
  for (var i = start; i < end; i++) {
    var value = 0.0;
    if (is_kept(i) == 1u) {
      value = values[at];
      at++;
    }
    y[i] = value;
  }
}`;
