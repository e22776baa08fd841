import '@tensorflow/tfjs-backend-cpu';
import { engine, type NamedAttrMap, setBackend, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { useWebgpu } from './index.ts';

export interface Outcome {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly number[];
}

async function outcome(f: () => Tensor | Tensor[]): Promise<Outcome[]> {
  const outputs = [tidy(f)].flat();
  const read = outputs.map(async (each) => ({
    shape: each.shape,
    dtype: each.dtype,
    values: [...(await each.data())],
  }));
  try {
    return await Promise.all(read);
  } finally {
    for (const each of outputs) each.dispose();
  }
}

/** What `f` gives on webgpu is what it gives on tfjs's cpu backend: the same shapes and dtypes, and the same numbers (-0 is 0). */
export async function expectAsOnCpu(f: () => Tensor | Tensor[]): Promise<void> {
  await setBackend('cpu');
  const expected = await outcome(f);
  await useWebgpu();
  const actual = await outcome(f);
  const plain = (all: Outcome[]) => all.map((each) => ({ ...each, values: each.values.map((value) => value + 0) }));
  expect(plain(actual)).toEqual(plain(expected));
}

/** Runs a kernel of tfjs that has one output. */
export function run(kernel: string, inputs: Record<string, Tensor> | Tensor[], attrs: object = {}): Tensor {
  return engine().runKernel(kernel, inputs as never, attrs as NamedAttrMap);
}

/** Integers of all sizes, most of them beyond 2^24, which float32 cannot hold. */
export function integers(size: number, seed = 0): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => Math.imul(i + seed, 0x9e3779b1) ^ 12345);
}
