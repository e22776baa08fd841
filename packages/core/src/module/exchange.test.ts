import { add, ones, scalar, type Tensor, tensor, tidy, variable } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { Parameter } from '../index.ts';

const stored = (value: Tensor) => {
  const made = variable(value, false);
  value.dispose();
  return made;
};

it('a parameter’s variable may stand aside for another, and comes back untouched', () => {
  const parameter = new Parameter(tensor([1, 2]));
  const own = parameter.variable;
  expect(parameter.exchange(stored(ones([2])))).toBe(own);
  tidy(() => parameter.assign(add(parameter.variable, 1)));
  expect([...parameter.variable.dataSync()]).toEqual([2, 2]);
  parameter.exchange(own)?.dispose();
  expect(parameter.variable).toBe(own);
  expect([...own.dataSync()]).toEqual([1, 2]);
  parameter.dispose();
});

it('a lazy value that nobody asked for is still lazy when its stand-in is gone', () => {
  const parameter = new Parameter({ shape: [], make: () => scalar(5) });
  expect(parameter.exchange(stored(scalar(0)))).toBeUndefined();
  parameter.exchange(undefined)?.dispose();
  expect(parameter.materialized).toBe(false);
  expect([...parameter.variable.dataSync()]).toEqual([5]);
  parameter.dispose();
});
