import { expect } from 'vitest';

interface SmallNetwork {
  readonly backend: string;
  readonly value: number;
  readonly w: readonly number[];
  readonly b: readonly number[];
  readonly tensorsLeft: number;
}

/** Holds what `consumer/gradients.js` computed against the same function differentiated by hand. */
export function expectGradients(result: unknown, backend: string): void {
  const actual = result as SmallNetwork;
  const rows = [
    [0.5, -1],
    [2, 0.25],
  ] as const;
  const outputs = rows.map(([first, second]) => Math.tanh(0.1 * first + 0.3 * second - 0.2));
  const slopes = outputs.map((y) => 2 * y * (1 - y * y));
  const along = (column: 0 | 1): number => rows.reduce((sum, row, i) => sum + row[column] * (slopes[i] ?? 0), 0);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

  expect(actual.backend).toBe(backend);
  expect(actual.value).toBeCloseTo(sum(outputs.map((y) => y * y)), 6);
  expect(actual.w[0]).toBeCloseTo(along(0), 6);
  expect(actual.w[1]).toBeCloseTo(along(1), 6);
  expect(actual.b[0]).toBeCloseTo(sum(slopes), 6);
  expect(actual.tensorsLeft).toBe(0);
}
