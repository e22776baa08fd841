import { Acos, Asin, type TensorInfo } from '@tensorflow/tfjs-core';
import { kernel } from '../register.ts';
import { f32 } from '../uniforms.ts';
import { elementwise } from './elementwise.ts';

/**
 * `arc(x) = asin |x|` and π/2 less that, to 3e-7: a polynomial up to 1/2 (Cephes, asinf.c), beyond it by
 * `asin x = π/2 - 2 asin √((1 - x) / 2)`. WGSL's own functions may be off by 6.8e-5.
 */
const arcs = `
fn arc(x: T) -> T {
  let far = x > T(0.5);
  let z = select(x * x, (T(1.0) - x) * 0.5, far);
  let w = select(x, sqrt(z), far);
  let p = (((T(4.2163199048e-2) * z + 2.4181311049e-2) * z + 4.5470025998e-2) * z + 7.4953002686e-2) * z + 1.6666752422e-1;
  let near = w + w * z * p;
  return select(near, T(1.5707963267948966) - 2.0 * near, far);
}
fn arc_beside(x: T) -> T {
  let far = x > T(0.5);
  let z = (T(1.0) - x) * 0.5;
  let w = sqrt(z);
  let p = (((T(4.2163199048e-2) * z + 2.4181311049e-2) * z + 4.5470025998e-2) * z + 7.4953002686e-2) * z + 1.6666752422e-1;
  return select(T(1.5707963267948966) - arc(x), 2.0 * (w + w * z * p), far);
}`;

export function registerArcs(): void {
  const results = [
    [Asin, 'sign(x) * arc(abs(x))'],
    [Acos, 'select(arc_beside(abs(x)), T(3.141592653589793) - arc_beside(abs(x)), x < T(0.0))'],
  ] as const;
  for (const [name, result] of results) {
    kernel<{ x: TensorInfo }>(name, ({ inputs: { x }, gpu, stock }) =>
      x.dtype === 'float32'
        ? elementwise(gpu, x, {
            name,
            read: { x: [x, 'T'] },
            functions: arcs,
            // NaN comes from the host: no WGSL expression may give it.
            uniforms: { nan: f32(Number.NaN) },
            result: `select(T(uniforms.nan), ${result}, abs(x) <= T(1.0))`,
          })
        : stock(),
    );
  }
}
