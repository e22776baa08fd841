import { add, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * One step of the moving average: θ ← m θ + (1 − m) θ_source (MAN, ECCV 2024). After n steps with a source that stands
 * still, θ = mⁿ θ₀ + (1 − mⁿ) θ_source.
 */
export function momentumUpdate(average: Tensor, source: Tensor, momentum: number): Tensor {
  return tidy(() => add(mul(average, momentum), mul(source, 1 - momentum)));
}
