import { useWebgpu } from '@tapgrad/backend-webgpu';
import { getKernel } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { poisonFreedMemory } from '../../backends/webgpu/src/test-poison.ts';
import { registerComposedKernels } from './composed-kernels.ts';
import { float64References } from './float64-references.ts';
import { expectNoLeak } from './leaks.ts';
import { opSpecs } from './op-specs/index.ts';
import { checkParity, type SampleResult } from './parity.ts';

let references: ReadonlyMap<string, readonly SampleResult[]>;
beforeAll(async () => {
  references = await float64References();
  registerComposedKernels('webgpu');
  await useWebgpu();
  poisonFreedMemory();
}, 60_000);

describe('float32 on webgpu agrees with float64, values and gradients', () => {
  it.each(opSpecs.map((spec) => [spec.kernel, spec] as const))('%s', async (kernel, spec) => {
    await expectNoLeak(() => checkParity(spec, references.get(kernel) ?? []));
  });
});

it('has every kernel of tfjs that a row tests', () => {
  const missing = opSpecs
    .map(({ kernel }) => kernel)
    .filter((name) => !name.startsWith('tapgrad.') && getKernel(name, 'webgpu') === undefined);
  expect(missing).toEqual([]);
});
