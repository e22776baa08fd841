import { expectClose, sample } from '@tapgrad/kernel-tests';
import { addN, dispose } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

it.each([1, 2, 70])('adds %i tensors, which may be more than a device binds at once', async (count) => {
  const terms = Array.from({ length: count }, (_, i) => sample([3, 5], `term ${i}`));
  const sum = addN(terms.map(({ tensor }) => tensor));
  const expected = Float64Array.from({ length: 15 }, (_, j) => terms.reduce((all, { values }) => all + values[j]!, 0));
  expect(sum.shape).toEqual([3, 5]);
  expectClose(await sum.data(), expected, 1e-5);
  dispose([sum, terms.map(({ tensor }) => tensor)]);
});
