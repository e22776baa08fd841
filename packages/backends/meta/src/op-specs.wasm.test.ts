import '@tensorflow/tfjs-backend-cpu';
import { useWasm } from '@tapgrad/backend-wasm';
import { type OpSpec, opSpecs, registerComposedKernels, sampleInputs, seededRandom } from '@tapgrad/testing';
import {
  dispose,
  FloorDiv,
  getKernel,
  getKernelsForBackend,
  LogSoftmax,
  setBackend,
  tidy,
} from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useMeta } from './index.ts';
import { type Trace, traceOf } from './test-traces.ts';

const rows = opSpecs.map((spec) => [spec.kernel, spec] as const);
const kernelsOf = (backend: string) => getKernelsForBackend(backend).map(({ kernelName }) => kernelName);

beforeAll(async () => {
  await useWasm();
  registerComposedKernels('cpu');
  await useMeta();
});

async function tracesOn(backend: string, { samples, ...spec }: OpSpec): Promise<Trace[]> {
  await setBackend(backend);
  const drawn = [0, 1, 2].flatMap((seed) => spec.fuzz?.(seededRandom(spec.kernel, seed)) ?? []);
  return [...samples, ...drawn].map((sample) => traceOf({ samples, ...spec }, sample));
}

/** cpu gives integers, wasm what it was given. */
const asOnWasm = [FloorDiv];

describe('meta makes what cpu makes: shapes and dtypes of outputs and gradients of every sample and of drawn shapes', () => {
  it.each(rows.filter(([name]) => !asOnWasm.includes(name)))('%s', async (_, spec) => {
    const withoutKernels = (traces: Trace[]) => traces.map(({ outputs, gradients }) => ({ outputs, gradients }));
    expect(withoutKernels(await tracesOn('meta', spec))).toEqual(withoutKernels(await tracesOn('cpu', spec)));
  });
});

/** Backends have no kernel of this name; it is composed for the tests. */
const onCpuOnly = [LogSoftmax];

describe('meta runs what wasm runs: the same kernels, with the same shapes and shared buffers', () => {
  it.each(rows.filter(([name]) => !onCpuOnly.includes(name)))('%s', async (_, spec) => {
    expect(await tracesOn('meta', spec)).toEqual(await tracesOn('wasm', spec));
  });
});

describe('a call that must throw', () => {
  it.each(rows.filter(([, { errors }]) => errors))('of %s throws on meta', async (_, spec) => {
    await setBackend('meta');
    for (const wrong of spec.errors ?? []) {
      const inputs = sampleInputs(spec.kernel, wrong);
      expect(() => tidy(() => void spec.run(inputs, wrong.attrs))).toThrow(wrong.message);
      dispose(inputs);
    }
  });
});

describe('the registries', () => {
  it('hold every own kernel that wasm has, and no other: the same code runs on both', () => {
    const own = (backend: string) => kernelsOf(backend).filter((name) => name.startsWith('tapgrad.'));
    expect(own('meta').sort()).toEqual(own('wasm').sort());
  });

  it('lack on meta only kernels whose output depends on values, and strings', () => {
    const missing = kernelsOf('wasm').filter((name) => getKernel(name, 'meta') === undefined);
    const onValues = ['BroadcastArgs', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5'];
    const onMoreValues = ['SparseFillEmptyRows', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast', 'Unique'];
    expect(missing.sort()).toEqual([...onValues, ...onMoreValues]);
  });
});
