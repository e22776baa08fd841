import { randomStream } from '@tapgrad/core';
import { dispose, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { projected } from './math.ts';

const made: unknown[] = [];

afterEach(() => dispose(made.splice(0) as never));

function vectors(values: Readonly<Record<string, readonly number[]>>): Map<string, Tensor> {
  const map = new Map(Object.entries(values).map(([name, each]) => [name, tensor1d([...each])]));
  made.push(...map.values());
  return map as Map<string, Tensor>;
}

function projection(g: Readonly<Record<string, readonly number[]>>, r: Readonly<Record<string, readonly number[]>>) {
  const result = projected(vectors(g), vectors(r));
  made.push(...result.values());
  return Object.fromEntries([...result].map(([name, each]) => [name, [...each.dataSync()]]));
}

describe('the projection', () => {
  it('takes away what goes against the reference', () => {
    expect(projection({ w: [1, 2] }, { w: [-1, 0] })).toEqual({ w: [0, 2] });
  });

  it('leaves what goes with it', () => {
    expect(projection({ w: [1, 2] }, { w: [1, 0] })).toEqual({ w: [1, 2] });
  });

  it('does not divide by a reference of zero, or by one whose square is', () => {
    expect(projection({ w: [1, 2] }, { w: [0, 0] })).toEqual({ w: [1, 2] });
    expect(projection({ w: [1, 2] }, { w: [-1e-200, 0] })).toEqual({ w: [1, 2] });
  });

  it('is orthogonal to the reference, over all parameters together', () => {
    const draw = (key: string) => [...randomStream(1, key).normal(5)];
    const g = { a: draw('a'), b: draw('b') };
    const r = { a: g.a.map((value, i) => (i % 2 === 0 ? -value : 0.3)), b: g.b.map((value) => -value) };
    const { a = [], b = [] } = projection(g, r);
    const dot = [...a, ...b].reduce((sum, value, i) => sum + value * ([...r.a, ...r.b][i] as number), 0);
    expect(Math.abs(dot)).toBeLessThan(1e-12);
    // One parameter alone may still have a part along the reference.
    expect(Math.abs(a.reduce((sum, value, i) => sum + value * (r.a[i] as number), 0))).toBeGreaterThan(1e-3);
  });

  it('passes over parameters that only one of them has', () => {
    expect(projection({ a: [1], b: [1] }, { a: [-1], c: [-1] })).toEqual({ a: [0] });
  });
});
