import { TapgradError } from '@tapgrad/core';
import { add, mul, onesLike, pad, slice, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/*
 * A parameter may have grown since a value of its shape was kept, for example by the rows of new classes. What was kept
 * speaks of its leading corner.
 */

/** The part of a value that there was when the parameter had this shape; the value itself if it has it still. */
export function corner(value: Tensor, shape: readonly number[]): Tensor {
  if (value.shape.join() === shape.join()) return value;
  checkGrown(shape, value.shape);
  return slice(
    value,
    shape.map(() => 0),
    [...shape],
  );
}

/** A value of the parameter's present shape: zeros where there was nothing. */
export function padded(value: Tensor, shape: readonly number[]): Tensor {
  if (value.shape.join() === shape.join()) return value;
  checkGrown(value.shape, shape);
  return pad(
    value,
    value.shape.map((length, axis) => [0, (shape[axis] ?? 0) - length]),
  );
}

/** A value of the parameter's present shape: that of now where there was nothing. */
export function overlaid(value: Tensor, now: Tensor): Tensor {
  if (value.shape.join() === now.shape.join()) return value;
  return tidy(() => add(padded(value, now.shape), mul(now, sub(1, padded(onesLike(value), now.shape)))));
}

function checkGrown(before: readonly number[], now: readonly number[]): void {
  if (before.length === now.length && before.every((length, axis) => length <= (now[axis] ?? 0))) return;
  throw new TapgradError({
    code: 'PARAMETER_RESHAPED',
    message: `a parameter of shape [${before}] at the end of a task has shape [${now}] now`,
    fix: 'let parameters grow only along axes that they have, or give what is new a name of its own',
  });
}
