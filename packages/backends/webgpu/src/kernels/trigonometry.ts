import { Cos, Sin, type TensorInfo } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { elementwise } from './elementwise.ts';

/**
 * `wave(x, k)` is the sine of `x + k π/2`: x less the nearest multiple of π/2 (in three parts, Cody and Waite 1980), then the
 * polynomial of sine or cosine (Cephes, sinf.c), to 2e-7 up to some thousands. WGSL's own functions may be off by 4.9e-4.
 */
const wave = `
fn wave(x: T, quarter: f32) -> T {
  let n = round(x * 0.6366197723675814);
  let r = ((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.54978995489188216e-8;
  let z = r * r;
  let sine = r + r * z * ((T(-1.9515295891e-4) * z + 8.3321608736e-3) * z - 1.6666654611e-1);
  let cosine = T(1.0) - 0.5 * z + z * z * ((T(2.443315711809948e-5) * z - 1.388731625493765e-3) * z + 4.166664568298827e-2);
  let turns = n + T(quarter);
  let part = turns - 4.0 * floor(turns * 0.25);
  let odd = part - 2.0 * floor(part * 0.5) > T(0.5);
  let value = select(sine, cosine, odd);
  return select(value, -value, part > T(1.5));
}`;

export function registerTrigonometry(): void {
  for (const [name, quarter] of [
    [Sin, '0.0'],
    [Cos, '1.0'],
  ] as const) {
    kernel<{ x: TensorInfo }>(name, ({ inputs: { x }, gpu, stock }) =>
      x.dtype === 'float32'
        ? elementwise(gpu, x, { name, read: { x: [x, 'T'] }, functions: wave, result: `wave(x, ${quarter})` })
        : stock(),
    );
  }
}
