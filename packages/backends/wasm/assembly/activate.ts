// Activations that tfjs fuses behind a matrix product, in place.
import { expMinusOne4, loadPart, sigmoid4, storePart } from './exp';

@inline
function activation4(kind: i32, x: v128, alpha: f32): v128 {
  const zero = f32x4.splat(0);
  if (kind == 1) return f32x4.pmax(x, zero);
  if (kind == 2) return f32x4.pmin(f32x4.pmax(x, zero), f32x4.splat(6));
  if (kind == 3) return v128.bitselect(f32x4.mul(x, f32x4.splat(alpha)), x, f32x4.lt(x, zero));
  if (kind == 4) return sigmoid4(x);
  return v128.bitselect(expMinusOne4(x), x, f32x4.lt(x, zero));
}

/** x = f(x); kind 1 relu, 2 relu6, 3 leaky relu with slope `alpha`, 4 sigmoid, 5 elu. */
export function activate(kind: i32, size: i32, x: usize, alpha: f32): void {
  const end = x + ((<usize>size & ~3) << 2);
  for (; x < end; x += 16) v128.store(x, activation4(kind, v128.load(x), alpha));
  const rest = size & 3;
  if (rest) storePart(x, activation4(kind, loadPart(x, rest), alpha), rest);
}
