import { type ActivationCode, registerActivation } from './activation.ts';

/** `y = x min(6, max(0, x + 3)) / 6`; `dx` is dy times 0 up to −3, 1 from 3 on, and (2x + 3) / 6 between. */
export const hardSwish: ActivationCode = {
  name: 'hard-swish',
  functions: `
fn value(x: T) -> T { return x * clamp(x + T(3), T(0), T(6)) * T(1.0 / 6.0); }
fn slope(x: T) -> T {
  let outside = select(T(0), T(1), x >= T(3));
  return select(outside, (T(2) * x + T(3)) * T(1.0 / 6.0), abs(x) < T(3));
}`,
};

export function registerHardSwish(): void {
  registerActivation('tapgrad.HardSwish', () => hardSwish);
}
