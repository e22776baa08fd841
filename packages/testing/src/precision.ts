import { scalar } from '@tensorflow/tfjs-core';

/** Whether the engine keeps `float32` tensors in double precision, as the unit tests' engine does. */
export function hasFloat64Engine(): boolean {
  const third = scalar(1 / 3);
  const kept = third.dataSync()[0];
  third.dispose();
  return kept === 1 / 3;
}
