import { Parameter, type RandomStream, randomStream } from '@tapgrad/core';
import { fill } from '@tensorflow/tfjs-core';
import type { Fans } from './fans.ts';
import type { Initializer } from './initializers.ts';

let sharedStream = randomStream(0, 'initial values');
let drawing = true;

/** Seeds the initial values of layers that are built without a stream of their own; they draw one after the other. */
export function seedInitialValues(seed: number): void {
  sharedStream = randomStream(seed, 'initial values');
}

/** Builds modules whose parameters start at zero: cheaper, for a model whose weights are loaded next. */
export function withoutInitialValues<T>(build: () => T): T {
  const before = drawing;
  drawing = false;
  try {
    return build();
  } finally {
    drawing = before;
  }
}

/**
 * A parameter that draws its initial value when it is first used. Its numbers depend on the order in which parameters
 * were built, not on the order of use.
 */
export function initialParameter(
  shape: readonly number[],
  initializer: Initializer,
  random: RandomStream = sharedStream,
  fans?: Fans,
): Parameter {
  if (!drawing) return new Parameter({ shape, make: () => fill([...shape], 0) });
  const key = random.bits();
  return new Parameter({ shape, make: () => initializer(shape, randomStream(key), fans) });
}
