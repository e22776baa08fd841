import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { grad } from '../index.ts';
import { enginePatches, normal, valuesOf } from '../test-support.ts';

class Intended extends Error {}
/** Fails on purpose. */
export const fail = (): never => {
  throw new Intended('intended');
};

/** Runs `f`, which must fail as intended; afterwards engine and buffers are as before, and recording works. */
export function survives(f: (w: tf.Tensor) => void): void {
  const w = normal([3, 3], 'w');
  const patches = enginePatches();
  // null before tfjs's first scope, undefined after it.
  const scope = tf.engine().state.activeScope ?? undefined;
  expectNoLeak(() => expect(() => f(w)).toThrow('intended'));
  expect(enginePatches()).toEqual(patches);
  expect(tf.engine().state.activeScope ?? undefined).toBe(scope);
  expectNoLeak(() => {
    const [gradient] = grad(() => tf.sum(tf.square(w)), [w]) as [tf.Tensor];
    expect(valuesOf(gradient)).toEqual(Array.from(w.dataSync(), (value) => 2 * value));
    gradient.dispose();
  });
  w.dispose();
}
