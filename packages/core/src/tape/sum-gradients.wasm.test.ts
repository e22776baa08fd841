import { useWasm } from '@tapgrad/backend-wasm';
import { dispatchedKernels, expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { grad, record } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

await useWasm();

const gradientOf = (f: () => tf.Tensor, w: tf.Tensor): number[] => {
  const [gradient] = grad(f, [w]);
  const values = valuesOf(gradient);
  gradient.dispose();
  return values;
};

/** Runs a test on one tensor and checks that it leaves nothing. */
const on = (f: (w: tf.Tensor) => void) => () => {
  const w = tf.tidy(() => tf.keep(normal([3, 5], 'w')));
  expectNoLeak(() => f(w));
  w.dispose();
};

/** Three users of one value: two sums of gradients. */
const residual = (w: tf.Tensor) => {
  const h = tf.tanh(w);
  return tf.sum(tf.mul(tf.add(tf.exp(h), tf.sigmoid(h)), h));
};

it(
  'gradients of a value with several users are summed in place, where the backend can',
  on((w) => {
    const kernels = dispatchedKernels(() => tf.dispose([...grad(() => residual(w), [w])]));
    expect(kernels.filter((kernel) => kernel === 'tapgrad.AddInPlace').length).toBe(2);
    const h = valuesOf(w).map(Math.tanh);
    const slope = (v: number) => 1 / (1 + Math.exp(-v));
    const expected = h.map(
      (v) => (1 - v * v) * (Math.exp(v) + slope(v) + v * (Math.exp(v) + slope(v) * (1 - slope(v)))),
    );
    for (const [i, value] of gradientOf(() => residual(w), w).entries())
      expect(value).toBeCloseTo(expected[i] as number, 4);
  }),
);

it(
  'a gradient that others hold is not written into',
  on((w) => {
    const seed = tf.tidy(() => tf.keep(tf.onesLike(w)));
    const seeds = valuesOf(seed);
    const seen: tf.Tensor[] = [];
    const { value, tape } = record(
      (recording) => {
        const h = tf.neg(w);
        recording.tapGradient(h, (gradient) => void seen.push(tf.keep(tf.clone(gradient))));
        return tf.add(tf.add(h, h), h);
      },
      { parameters: { w } },
    );
    tape.backward(value, { gradient: seed, retain: true });
    const first = tape.takeGradients();
    tape.backward(value, { gradient: seed, retain: true });
    tape.backward(value, { gradient: seed });
    expect(valuesOf(seed)).toEqual(seeds);
    expect(seen.map(valuesOf)).toEqual([3, 3, 3].map((each) => seeds.map(() => each)));
    expect(valuesOf(first.get('w') as tf.Tensor)).toEqual(seeds.map(() => -3));
    expect(valuesOf(tape.gradients.get('w') as tf.Tensor)).toEqual(seeds.map(() => -6));
    tape.dispose();
    tf.dispose([value, seed, seen, ...first.values()]);
  }),
);

it(
  'gradients that are differentiated again are not written into',
  on((w) => {
    const second = () => {
      const [slope] = grad(() => residual(w), [w]);
      return tf.sum(tf.square(slope));
    };
    const step = 1e-2;
    const direction = tf.tidy(() => tf.keep(normal([3, 5], 'v')));
    const at = (sign: number) =>
      tf.tidy(() => {
        const [slope] = grad(() => residual(moved), [(moved = tf.add(w, tf.mul(direction, sign * step)))]);
        return tf.sum(tf.square(slope)).dataSync()[0] as number;
      });
    let moved = w;
    const product = gradientOf(second, w).reduce((sum, each, i) => sum + each * (valuesOf(direction)[i] as number), 0);
    const difference = (at(1) - at(-1)) / (2 * step);
    expect(Math.abs(product - difference)).toBeLessThan(1e-2 * Math.abs(difference));
    direction.dispose();
  }),
);
