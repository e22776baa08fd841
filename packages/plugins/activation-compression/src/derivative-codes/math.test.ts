import { describe, expect, it } from 'vitest';
import { type SmoothFunction, smoothFunctions } from './functions.ts';
import { codeOf, largestError, optimalTable, reach, type StepTable, squaredError } from './math.ts';

const made = new Map<string, StepTable>();
const table = (name: SmoothFunction, bits: number): StepTable => {
  const key = `${name}/${bits}`;
  const known = made.get(key) ?? optimalTable(smoothFunctions[name], 2 ** bits);
  made.set(key, known);
  return known;
};
const jumps = [-3, 0, 3];
const error = (name: SmoothFunction, bits: number) => squaredError(smoothFunctions[name], table(name, bits), jumps);

function expectNumbers(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.map((value) => Number(value.toFixed(4)) + 0)).toEqual(expected);
}

describe('tables of GELU', () => {
  it('of 1 bit', () => {
    const { borders, levels } = table('gelu', 1);
    expectNumbers(borders, [0]);
    expectNumbers(levels, [0, 1]);
    expect(error('gelu', 1)).toBeCloseTo(0.141, 4);
  });

  it('of 2 bits', () => {
    const { borders, levels } = table('gelu', 2);
    expectNumbers(borders, [-0.469, 0, 0.469]);
    expectNumbers(levels, [-0.0157, 0.3195, 0.6805, 1.0157]);
    expect(error('gelu', 2)).toBeCloseTo(0.04056, 5);
  });

  it('of 3 bits', () => {
    const { borders, levels } = table('gelu', 3);
    expectNumbers(borders.slice(3), [0, 0.3263, 0.7111, 2.3981]);
    expectNumbers(levels, [-0.0026, -0.0888, 0.1252, 0.3721, 0.6279, 0.8748, 1.0888, 1.0026]);
    expect(error('gelu', 3)).toBeCloseTo(0.0119, 5);
  });

  it('of 4 bits', () => {
    const { borders, levels } = table('gelu', 4);
    expectNumbers(borders.slice(7), [0, 0.155, 0.3153, 0.4875, 0.6835, 0.9319, 2.0531, 2.6851]);
    expectNumbers(levels.slice(0, 8), [-0.0013, -0.0497, -0.1093, -0.0209, 0.0835, 0.197, 0.3162, 0.4384]);
    expectNumbers(levels.slice(8), [0.5616, 0.6838, 0.803, 0.9165, 1.0209, 1.1093, 1.0497, 1.0013]);
    expect(error('gelu', 4)).toBeCloseTo(0.00314, 5);
    expect(largestError(smoothFunctions.gelu, table('gelu', 4))).toBeCloseTo(0.062, 3);
  });

  it('give codes 11, 0 and 15 to 0.6, −3 and 3', () => {
    const { borders, levels } = table('gelu', 4);
    expect([0.6, -3, 3].map((x) => codeOf(x, borders))).toEqual([11, 0, 15]);
    expectNumbers([levels[11] as number, levels[0] as number, levels[15] as number], [0.9165, -0.0013, 1.0013]);
    expect(smoothFunctions.gelu.derivative(0.6)).toBeCloseTo(0.925682, 6);
  });

  it.each([
    [4, 0.042, 2e-4],
    [2, 0.136, 1],
    [1, 0.32, 1],
  ])('of %i bits have a relative L2 error of %f for normal inputs', (bits, expected, bias) => {
    const { borders, levels } = table('gelu', bits);
    let [squares, wrong, mean] = [0, 0, 0];
    for (let i = -6000; i <= 6000; i++) {
      const x = i / 1000;
      const weight = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / 1000;
      const slope = smoothFunctions.gelu.derivative(x);
      const off = (levels[codeOf(x, borders)] as number) - slope;
      squares += weight * slope ** 2;
      wrong += weight * off ** 2;
      mean += weight * off;
    }
    expect(Math.abs(Math.sqrt(wrong / squares) - expected)).toBeLessThan(expected < 0.1 ? 5e-4 : 5e-3);
    expect(Math.abs(mean)).toBeLessThan(bias);
  });
});

describe('tables of other functions', () => {
  it('SiLU, 4 bits', () => {
    const { borders, levels } = table('silu', 4);
    expectNumbers(borders.slice(8), [0.2417, 0.4932, 0.7677, 1.0879, 1.5114, 3.7296, 5.1933]);
    expectNumbers(levels.slice(8), [0.5601, 0.6792, 0.7947, 0.9037, 1.0024, 1.0837, 1.0401, 1.0059]);
    expect(error('silu', 4)).toBeCloseTo(0.00446, 5);
  });

  it('hard swish: borders at whole numbers with 3 bits, 14 equal segments with 4', () => {
    const three = table('hard-swish', 3);
    expectNumbers(three.borders, [-3, -2, -1, 0, 1, 2, 3]);
    expectNumbers(three.levels, [0, -0.3333, 0, 0.3333, 0.6667, 1, 1.3333, 1]);
    expect(error('hard-swish', 3)).toBeCloseTo(1 / 18, 6);
    expectNumbers(
      table('hard-swish', 4).borders,
      Array.from({ length: 15 }, (_, i) => Number((-3 + (i * 6) / 14).toFixed(4))),
    );
    expect([1, 2, 4].map((bits) => error('hard-swish', bits))).toEqual([
      expect.closeTo(0.5, 4),
      expect.closeTo(0.252, 3),
      expect.closeTo(0.0102, 4),
    ]);
  });
});

const all = (Object.keys(smoothFunctions) as SmoothFunction[]).flatMap((name) =>
  [1, 2, 3, 4].map((bits) => [name, bits] as const),
);

describe.each(all)('the table of %s with %i bits', (name, bits) => {
  const { f, derivative } = smoothFunctions[name];

  it('is stationary: f’ at a border is the mean of its levels, or jumps over it', () => {
    const { borders, levels } = table(name, bits);
    expect(borders.length).toBe(2 ** bits - 1);
    for (const [i, border] of borders.entries()) {
      const middle = ((levels[i] as number) + (levels[i + 1] as number)) / 2;
      const [below, above] = [derivative(border - 1e-6), derivative(border + 1e-6)];
      expect(middle).toBeGreaterThan(Math.min(below, above) - 1e-4);
      expect(middle).toBeLessThan(Math.max(below, above) + 1e-4);
    }
    const ends = [-reach, ...borders, reach];
    for (const [i, level] of levels.entries()) {
      const [a, b] = [ends[i] as number, ends[i + 1] as number];
      expect(b).toBeGreaterThan(a);
      expect(level).toBeCloseTo((f(b) - f(a)) / (b - a), 12);
    }
  });

  it('is no worse than equal segments, and better than one bit less', () => {
    const { derivative: slope } = smoothFunctions[name];
    const equal = Array.from({ length: 2 ** bits - 1 }, (_, i) => (2 * reach * (i + 1)) / 2 ** bits - reach);
    const ends = [-reach, ...equal, reach];
    const levels = ends.slice(1).map((end, i) => (f(end) - f(ends[i] as number)) / (end - (ends[i] as number)));
    const scalar = { f, derivative: slope };
    expect(error(name, bits)).toBeLessThanOrEqual(squaredError(scalar, { borders: equal, levels }, jumps) + 1e-9);
    if (bits > 1) expect(error(name, bits)).toBeLessThan(error(name, bits - 1));
  });
});
