import { type ActivationCode, registerActivation } from './activation.ts';

/**
 * `y = x Φ(x)` and `dx = dy (Φ(x) + x φ(x))`, φ and Φ the density and distribution function of the normal distribution.
 *
 * The tail Φ(−|x|) is exp(−x²/2) times a polynomial of degree 9 in t = 1 / (1 + |x| / √8), the wasm backend's fit on [0, 13]: its relative error
 * is below 4e-7, so that nothing cancels for x < 0. Beyond ±14 the exponential is 0 in float32; holding x there avoids an overflow.
 */
const exact: ActivationCode = {
  name: 'gelu',
  functions: `
fn bell_of(x: T) -> T {
  let z = clamp(x, T(-14), T(14));
  return exp(T(-0.5) * z * z);
}
fn cdf(x: T, bell: T) -> T {
  let t = T(1) / fma(T(0.35355339), abs(x), T(1));
  var p = fma(t, T(-0.0294966385), T(0.142102189));
  p = fma(p, t, T(-0.243214735));
  p = fma(p, t, T(0.138590877));
  p = fma(p, t, T(-0.0130062939));
  p = fma(p, t, T(0.101212976));
  p = fma(p, t, T(0.121585074));
  p = fma(p, t, T(0.141183057));
  p = fma(p, t, T(0.141043473));
  let tail = p * t * bell;
  return select(tail, T(1) - tail, x >= T(0));
}
fn value(x: T) -> T { return x * cdf(x, bell_of(x)); }
fn slope(x: T) -> T {
  let bell = bell_of(x);
  return fma(x * bell, T(0.3989422804), cdf(x, bell));
}`,
};

/**
 * `y = x s` and `dx = dy (s + x s (1 − s) u′)`, with u = √(8/π) (x + 0.044715 x³), s = 1 / (1 + exp(−u)), which is
 * ½ (1 + tanh(u / 2)). Beyond ±10 s is 0 or 1 in float32; holding x there avoids an overflow.
 */
const tanh: ActivationCode = {
  name: 'gelu-tanh',
  functions: `
fn cdf(z: T) -> T { return T(1) / (T(1) + exp(T(-1.5957691216) * z * fma(T(0.044715) * z, z, T(1)))); }
fn value(x: T) -> T { return x * cdf(clamp(x, T(-10), T(10))); }
fn slope(x: T) -> T {
  let z = clamp(x, T(-10), T(10));
  let s = cdf(z);
  return s + z * s * (T(1) - s) * T(1.5957691216) * fma(T(0.134145) * z, z, T(1));
}`,
};

interface Attrs {
  readonly approximate?: 'none' | 'tanh';
}

export function geluCode({ approximate }: Attrs): ActivationCode {
  return approximate === 'tanh' ? tanh : exact;
}

export function registerGelu(): void {
  registerActivation<Attrs>('tapgrad.Gelu', geluCode);
}
