import { expectClose, normalCdf64, sample } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

const erf64 = (x: number): number =>
  Math.abs(x) < 1e-3 ? (2 / Math.sqrt(Math.PI)) * (x - x ** 3 / 3) : 2 * normalCdf64(x * Math.SQRT2) - 1;

const functions = [
  { name: 'exp', own: tf.exp, reference: Math.exp, from: -80, to: 88 },
  { name: 'tanh', own: tf.tanh, reference: Math.tanh, from: -20, to: 20 },
  { name: 'erf', own: tf.erf, reference: erf64, from: -6, to: 6 },
  { name: 'log', own: tf.log, reference: Math.log, from: 1e-6, to: 100 },
  { name: 'elu', own: tf.elu, reference: (x: number) => (x < 0 ? Math.expm1(x) : x), from: -20, to: 20 },
] as const;

describe.each(functions)('$name', ({ own, reference, from, to }) => {
  it('has a relative error below 1e-5 everywhere', () => {
    const grid = Float32Array.from({ length: 10_001 }, (_, i) => from + ((to - from) * i) / 10_000);
    const tiny = from < 0 ? [-1e-6, -1e-20, 1e-20, 1e-6] : [1e-38, 1e-20, 1e38];
    const x = tf.tensor1d(Float32Array.from([...grid, ...tiny]));
    const y = own(x);
    const values = y.dataSync();
    x.dataSync().forEach((v, i) => {
      const expected = reference(v);
      const error = Math.abs(values[i]! - expected);
      expect(error, `at ${v}: ${values[i]}, not ${expected}`).toBeLessThanOrEqual(
        Math.max(1e-5 * Math.abs(expected), Math.abs(v - 1) < 0.1 ? 2e-7 : 0),
      );
    });
    tf.dispose([x, y]);
  });

  it.each([0, 1, 3, 5, 17])('takes %i elements', (size) => {
    const x = sample([size], 'x');
    const positive = tf.abs(x.tensor);
    const y = own(positive);
    expectClose(
      y,
      x.values.map((v) => reference(Math.abs(v))),
      1e-5,
      1,
    );
    tf.dispose([x.tensor, positive, y]);
  });
});

it('exp and log keep to the rules at the ends', () => {
  tf.tidy(() => {
    const infinity = Number.POSITIVE_INFINITY;
    expect([...tf.exp([1000, -1000, infinity, -infinity, Number.NaN]).dataSync()]).toEqual([
      infinity,
      0,
      infinity,
      0,
      Number.NaN,
    ]);
    expect([...tf.log([0, -1, infinity, Number.NaN, 1]).dataSync()]).toEqual([
      -infinity,
      Number.NaN,
      infinity,
      Number.NaN,
      0,
    ]);
    expectClose(tf.log([1e-40]), [Math.log(Math.fround(1e-40))], 1e-6);
  });
});

describe('binary kernels whose operands have different shapes', () => {
  const operations = [
    ['maximum', tf.maximum, Math.max],
    ['minimum', tf.minimum, Math.min],
    ['pow', tf.pow, (a: number, b: number) => a ** b],
    ['greater', tf.greater, (a: number, b: number) => +(a > b)],
    ['lessEqual', tf.lessEqual, (a: number, b: number) => +(a <= b)],
    ['equal', tf.equal, (a: number, b: number) => +(a === b)],
    ['mod', tf.mod, (a: number, b: number) => ((a % b) + b) % b],
  ] as const;
  it.each(operations)('%s', (_, own, reference) => {
    for (const [shapeA, shapeB] of [
      [[2, 3, 5], [5]],
      [
        [2, 3, 5],
        [2, 3, 1],
      ],
      [
        [2, 1, 5],
        [3, 1],
      ],
      [[1], [4, 3]],
      [
        [4, 3],
        [4, 3],
      ],
      [[0, 3], [3]],
    ]) {
      const make = (shape: number[], shift: number): tf.Tensor =>
        tf.tensor(
          Float32Array.from({ length: shape.reduce((x, y) => x * y, 1) }, (_, i) => ((i * 7 + shift) % 5) + 1),
          shape,
        );
      const [a, b] = [make(shapeA!, 0), make(shapeB!, 2)];
      const y = (own as (a: tf.Tensor, b: tf.Tensor) => tf.Tensor)(a, b);
      const [wideA, wideB] = [a, b].map((each) => tf.tidy(() => tf.add(each, tf.zeros(y.shape)).dataSync()));
      expectClose(
        y,
        Array.from(wideA!, (value, i) => reference(value, wideB![i]!)),
        1e-5,
        1,
      );
      tf.dispose([a, b, y]);
    }
  });

  it('maximum of a NaN is NaN', () => {
    tf.tidy(() => {
      expect([...tf.maximum([1, Number.NaN, 3, Number.NaN, 5], [Number.NaN, 2, 4, 4, Number.NaN]).dataSync()]).toEqual([
        Number.NaN,
        Number.NaN,
        4,
        Number.NaN,
        Number.NaN,
      ]);
    });
  });
});
