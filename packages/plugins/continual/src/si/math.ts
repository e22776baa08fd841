import { add, clipByValue, div, maximum, mul, square, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** ω + g (θ_before − θ_after): how much of the fall of the task's loss the moves of a parameter brought (eq. 3). */
export function pathIntegral(omega: Tensor | undefined, gradient: Tensor, before: Tensor, after: Tensor): Tensor {
  return tidy(() => {
    const share = mul(gradient, sub(before, after));
    return omega ? add(omega, share) : share;
  });
}

/**
 * Ω + ω / ((θ − θ_start)² + ξ), at the end of a task (eq. 5).
 * @param start θ at its beginning
 * @param nonNegative what raised the loss counts nothing; the paper has no such bound, and then a penalty may push
 */
export function consolidated(
  importance: Tensor | undefined,
  omega: Tensor,
  theta: Tensor,
  start: Tensor,
  { xi, nonNegative }: { readonly xi: number; readonly nonNegative: boolean },
): Tensor {
  return tidy(() => {
    const share = div(omega, add(square(sub(theta, start)), xi));
    const fresh = nonNegative ? maximum(share, 0) : share;
    return importance ? add(importance, fresh) : fresh;
  });
}

/** Values between −1 and 1, as Mammoth bounds gradients before the step. */
export function clipped(gradient: Tensor): Tensor {
  return clipByValue(gradient, -1, 1);
}
