import { sizeOf } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

const operations = [
  ['equal', tf.equal, (a: number, b: number) => a === b],
  ['notEqual', tf.notEqual, (a: number, b: number) => a !== b],
  ['less', tf.less, (a: number, b: number) => a < b],
  ['lessEqual', tf.lessEqual, (a: number, b: number) => a <= b],
  ['greater', tf.greater, (a: number, b: number) => a > b],
  ['greaterEqual', tf.greaterEqual, (a: number, b: number) => a >= b],
] as const;

const shapes = [
  [[1], [1]],
  [[3], [3]],
  [[17], [17]],
  [[100], []],
  [[], [35]],
  [
    [3, 1],
    [1, 5],
  ],
  [[2, 33], [33]],
  [[0, 3], [3]],
  [[1, 1], [3]],
] as [number[], number[]][];

describe.each(operations)('%s', (_, own, reference) => {
  it.each(shapes)('of %j and %j', (shapeA, shapeB) => {
    for (const dtype of ['float32', 'int32'] as const) {
      const make = (shape: number[], shift: number): tf.Tensor => {
        const values = Array.from({ length: sizeOf(shape) }, (_value, i) => ((i * 7 + shift) % 5) - 2);
        return tf.tensor(values, shape, dtype);
      };
      const [a, b] = [make(shapeA, 0), make(shapeB, 2)];
      const y = own(a, b);
      const [wideA, wideB] = [a, b].map((x) => tf.tidy(() => tf.add(x, tf.zeros(y.shape, dtype)).dataSync()));
      expect(y.dtype).toBe('bool');
      expect([...y.dataSync()]).toEqual(Array.from(wideA!, (value, i) => +reference(value, wideB![i]!)));
      tf.dispose([a, b, y]);
    }
  });

  it('a NaN compares as in IEEE 754', () => {
    tf.tidy(() => {
      const values = [1, Number.NaN, 2, Number.NaN];
      const other = [Number.NaN, 1, 2, Number.NaN];
      expect([...own(values, other).dataSync()]).toEqual(values.map((value, i) => +reference(value, other[i]!)));
    });
  });
});

describe('logic', () => {
  it.each([0, 1, 15, 16, 50])('of %i truth values', (size) => {
    tf.tidy(() => {
      const [a, b] = [2, 3].map((n) => Array.from({ length: size }, (_, i) => i % n === 0));
      const [left, right] = [tf.tensor1d(a!, 'bool'), tf.tensor1d(b!, 'bool')];
      expect([...tf.logicalAnd(left, right).dataSync()]).toEqual(a!.map((value, i) => +(value && b![i]!)));
      expect([...tf.logicalOr(left, right).dataSync()]).toEqual(a!.map((value, i) => +(value || b![i]!)));
    });
  });
});
