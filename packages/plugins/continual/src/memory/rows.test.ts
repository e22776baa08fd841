import { dispose, profile, type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { keptRow } from './rows.ts';

it.each([
  ['float32', [1.5, -2, Number.NaN, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  ['int32', [-1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
] as const)('a row of %s is taken by one kernel, to the bit, and outlives the whole', async (dtype, values) => {
  const whole = tensor([...values], [3, 2, 2], dtype);
  const index = tensor1d([0], 'int32');
  let row: Tensor | undefined;
  const { kernelNames } = await profile(() => {
    row = keptRow(whole, index);
    return row;
  });
  expect(kernelNames).toHaveLength(1);
  dispose([whole, index]);
  expect(row).toMatchObject({ shape: [1, 2, 2], dtype });
  expect([...(row as Tensor).dataSync()]).toEqual(values.slice(0, 4));
  row?.dispose();
});

it('a row of truth values is one of its own too', () => {
  const whole = tensor([true, false, true], [3], 'bool');
  const index = tensor1d([2], 'int32');
  const row = keptRow(whole, index);
  dispose([whole, index]);
  expect(row).toMatchObject({ shape: [1], dtype: 'bool' });
  expect([...row.dataSync()]).toEqual([1]);
  row.dispose();
});
