import { getKernel } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { opSpecs } from '../op-specs/index.ts';
import { describeThird } from './test-rows.ts';

describeThird(0);

it('has every kernel of tfjs that a row tests', () => {
  const missing = opSpecs
    .map(({ kernel }) => kernel)
    .filter((name) => !name.startsWith('tapgrad.') && getKernel(name, 'webgpu') === undefined);
  expect(missing).toEqual([]);
});
