import '@tensorflow/tfjs-backend-cpu';
import { useWasm } from '@tapgrad/backend-wasm';
import { getKernel, setBackend } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { registerComposedKernels } from './composed-kernels.ts';
import { float64References } from './float64-references.ts';
import type { OpSpec } from './op-spec.ts';
import { complexSpecs, opSpecs, realOpSpecs } from './op-specs/index.ts';
import { checkParity, type SampleResult } from './parity.ts';

let references: ReadonlyMap<string, readonly SampleResult[]>;
beforeAll(async () => {
  references = await float64References();
}, 60_000);

/** Own ops are composed where a backend has no kernel for them. */
const isMissingOnWasm = ({ kernel }: OpSpec): boolean =>
  !kernel.startsWith('tapgrad.') && getKernel(kernel, 'wasm') === undefined;
const hasComplexNumbers = !complexSpecs.some(isMissingOnWasm);

describe.each([
  { backend: 'cpu', specs: opSpecs },
  { backend: 'wasm', specs: hasComplexNumbers ? opSpecs : realOpSpecs },
])('float32 on $backend agrees with float64, values and gradients', ({ backend, specs }) => {
  beforeAll(async () => {
    registerComposedKernels(backend);
    await (backend === 'wasm' ? useWasm() : setBackend(backend));
  });

  it.each(specs.map((spec) => [spec.kernel, spec] as const))('%s', async (kernel, spec) => {
    await checkParity(spec, references.get(kernel) ?? []);
  });
});

it('leaves out on wasm at most the rows of complex numbers', () => {
  expect(realOpSpecs.filter(isMissingOnWasm).map((spec) => spec.kernel)).toEqual([]);
});
