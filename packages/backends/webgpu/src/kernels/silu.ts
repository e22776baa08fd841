import { type ActivationCode, registerActivation } from './activation.ts';

/** `y = x s` and `dx = dy s (1 + x (1 − s))`, with s = 1 / (1 + exp(−x)), whose exponent is held within ±87: no overflow. */
export const silu: ActivationCode = {
  name: 'silu',
  functions: `
fn sigmoid(x: T) -> T { return T(1) / (T(1) + exp(-clamp(x, T(-87), T(87)))); }
fn value(x: T) -> T { return x * sigmoid(x); }
fn slope(x: T) -> T {
  let s = sigmoid(x);
  return s * (T(1) + x * (T(1) - s));
}`,
};

export function registerSilu(): void {
  registerActivation('tapgrad.Silu', () => silu);
}
