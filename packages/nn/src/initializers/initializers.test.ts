import { randomStream } from '@tapgrad/core';
import { describe, expect, it } from 'vitest';
import { initialParameter, seedInitialValues, withoutInitialValues } from './build.ts';
import { depthwiseFans, fansOf } from './fans.ts';
import {
  constant,
  type Initializer,
  kaimingNormal,
  kaimingUniform,
  normal,
  ones,
  orthogonal,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
  zeros,
} from './initializers.ts';

const shape = [60, 40];

function drawn(initializer: Initializer, of: readonly number[] = shape, seed = 1): number[] {
  const made = initializer(of, randomStream(seed));
  const values = Array.from(made.dataSync());
  expect(made.shape).toEqual(of);
  made.dispose();
  return values;
}

const deviation = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
const bound = (values: number[]) => Math.max(...values.map(Math.abs));

describe('initialisers', () => {
  it.each<[string, Initializer, number]>([
    ['normal', normal(0.3), 0.3],
    ['kaimingNormal, fan in', kaimingNormal(), Math.sqrt(2 / 60)],
    ['kaimingNormal, fan out', kaimingNormal({ mode: 'out' }), Math.sqrt(2 / 40)],
    ['xavierNormal', xavierNormal(), Math.sqrt(2 / 100)],
    ['kaimingUniform', kaimingUniform(), Math.sqrt(2 / 60)],
    ['xavierUniform', xavierUniform(2), 2 * Math.sqrt(2 / 100)],
    ['uniform', uniform(-1, 1), 1 / Math.sqrt(3)],
    // Standard deviation of a normal cut at 2.
    ['truncatedNormal', truncatedNormal(0.02), 0.02 * 0.8796],
  ])('%s has its standard deviation', (_name, initializer, expected) => {
    expect(deviation(drawn(initializer)) / expected).toBeCloseTo(1, 1);
  });

  it('uniform and truncated ones keep their bounds', () => {
    expect(bound(drawn(kaimingUniform()))).toBeLessThanOrEqual(Math.sqrt(6 / 60));
    expect(bound(drawn(xavierUniform()))).toBeLessThanOrEqual(Math.sqrt(6 / 100));
    expect(bound(drawn(truncatedNormal(0.02)))).toBeLessThanOrEqual(0.04);
  });

  it('constants', () => {
    expect([drawn(zeros, [2]), drawn(ones, [2]), drawn(constant(3), [2])]).toEqual([
      [0, 0],
      [1, 1],
      [3, 3],
    ]);
  });

  it.each([[[3, 5]], [[5, 3]], [[2, 2, 3, 4]]])('orthogonal of shape %j', (of) => {
    const columns = of.at(-1) as number;
    const values = drawn(orthogonal(2), of);
    const rows = values.length / columns;
    const wide = columns > rows;
    const vectors = Array.from({ length: Math.min(rows, columns) }, (_, i) =>
      Array.from(
        { length: Math.max(rows, columns) },
        (_, j) => values[wide ? i * columns + j : j * columns + i] as number,
      ),
    );
    for (const [i, a] of vectors.entries()) {
      for (const [j, b] of vectors.entries()) {
        expect(a.reduce((sum, value, k) => sum + value * (b[k] as number), 0)).toBeCloseTo(i === j ? 4 : 0, 6);
      }
    }
  });

  it('fans', () => {
    expect(fansOf([3, 5])).toEqual({ in: 3, out: 5 });
    expect(fansOf([3, 3, 8, 16])).toEqual({ in: 72, out: 144 });
    expect(fansOf([7])).toEqual({ in: 1, out: 7 });
    expect(depthwiseFans([3, 3, 8, 2])).toEqual({ in: 9, out: 18 });
  });

  it('the same stream gives the same values; a shared stream can be seeded; drawing can be left out', () => {
    expect(drawn(normal(), shape, 3)).toEqual(drawn(normal(), shape, 3));
    const read = () => {
      const parameter = initialParameter([3], normal());
      const values = Array.from(parameter.variable.dataSync());
      parameter.dispose();
      return values;
    };
    seedInitialValues(9);
    const first = read();
    expect(read()).not.toEqual(first);
    seedInitialValues(9);
    expect(read()).toEqual(first);
    expect(withoutInitialValues(read)).toEqual([0, 0, 0]);
  });
});
