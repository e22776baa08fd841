import { expect } from 'vitest';

const inputs = [
  [0.5, -1],
  [2, 0.25],
] as const;
const weight = [0.1, 0.3] as const;
const bias = -0.2;

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
  const outputs = linearOutputs().map(Math.tanh);
  const slopes = outputs.map((y) => 2 * y * (1 - y * y));

  expect(actual.backend).toBe(backend);
  expect(actual.value).toBeCloseTo(sum(outputs.map((y) => y * y)), 6);
  expect(actual.w[0]).toBeCloseTo(along(0, slopes), 6);
  expect(actual.w[1]).toBeCloseTo(along(1, slopes), 6);
  expect(actual.b[0]).toBeCloseTo(sum(slopes), 6);
  expect(actual.tensorsLeft).toBe(0);
}

interface Training {
  readonly backend: string;
  readonly loss: number;
  readonly weight: readonly number[];
  readonly bias: readonly number[];
  readonly plugins: readonly string[];
  readonly taps: readonly [forward: number, backward: number];
  readonly tensorsLeft: number;
}

/** Holds what `consumer/training.js` did against one step of gradient descent by hand, with half the gradient. */
export function expectTraining(result: unknown, backend: string): void {
  const actual = result as Training;
  const errors = linearOutputs().map((y, row) => y - (row === 0 ? 1 : -1));
  const step = 0.1 * 0.5;

  expect(actual.backend).toBe(backend);
  expect(actual.loss).toBeCloseTo(sum(errors.map((error) => error * error)) / 2, 6);
  expect(actual.weight[0]).toBeCloseTo(weight[0] - step * along(0, errors), 6);
  expect(actual.weight[1]).toBeCloseTo(weight[1] - step * along(1, errors), 6);
  expect(actual.bias[0]).toBeCloseTo(bias - step * sum(errors), 6);
  expect(actual.plugins).toEqual(['half-gradients']);
  expect(actual.taps).toEqual([1, 1]);
  expect(actual.tensorsLeft).toBe(0);
}

function linearOutputs(): number[] {
  return inputs.map(([first, second]) => first * weight[0] + second * weight[1] + bias);
}

/** The gradient of one weight, from the gradient of each output. */
function along(column: 0 | 1, slopes: readonly number[]): number {
  return sum(inputs.map((row, i) => row[column] * (slopes[i] ?? 0)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
