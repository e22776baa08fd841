import { useWasm } from '@tapgrad/backend-wasm';
import { useWebgpu } from '@tapgrad/backend-webgpu';
import { randomStream } from '@tapgrad/core';
import { dispose, engine, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { derivativeTable } from '../derivative-codes/tables.ts';
import { packDerivative, unpackDerivative } from './derivative.ts';
import { packGroups, unpackGroups } from './groups.ts';
import { packHalf, unpackHalf } from './half.ts';
import { packBits, unpackBits } from './pack-bits.ts';
import { packSparse, unpackSparse } from './sparse.ts';
import { trials } from './test-half.ts';

let made: Tensor[] = [];
const ran = vi.spyOn(engine(), 'runKernel');

beforeEach(() => {
  made = [];
});

afterEach(() => dispose(made));

afterAll(() => ran.mockRestore());

/** The same numbers on the backend of now. */
function given(values: readonly number[], shape: number[], dtype: 'float32' | 'int32' | 'bool' = 'float32'): Tensor {
  const x = tensor([...values], shape, dtype);
  made.push(x);
  return x;
}

/** Runs `f` on wasm and on WebGPU: by their kernels, with the same bits. */
async function expectSame(kernels: readonly string[], f: () => readonly Tensor[]): Promise<void> {
  const results: number[][][] = [];
  for (const use of [useWasm, useWebgpu]) {
    await use();
    ran.mockClear();
    const outputs = f();
    expect(ran.mock.calls.map(([name]) => name)).toEqual(kernels.map((name) => `tapgrad.${name}`));
    made.push(...outputs);
    results.push(await Promise.all(outputs.map(async (each) => [...(await each.data())])));
  }
  expect(results[1]).toEqual(results[0]);
}

const sizes = [1, 31, 33, 257, 1000];
const normal = (size: number, scale = 1) =>
  Array.from(randomStream(6, 'codes', size).normal(size), (x) => Math.fround(x * scale));

describe('words and values are those of wasm, bit for bit', () => {
  it.each([1, 3, 4, 5, 8])('codes of %i bits', async (bits) => {
    for (const size of sizes) {
      const random = randomStream(6, 'bits', bits, size);
      const codes = Array.from({ length: size }, () => random.integer(2 ** bits));
      await expectSame(['PackBits', 'UnpackBits'], () => {
        const words = packBits(given(codes, [size], 'int32'), bits);
        return [words, unpackBits(words, bits, size)];
      });
    }
  });

  it('truth values', async () => {
    const truth = normal(70).map((x) => +(x > 0));
    await expectSame(['PackBits'], () => [packBits(given(truth, [7, 10], 'bool'), 1)]);
  });

  it.each([
    ['Relu', {}, 1],
    ['tapgrad.Gelu', { approximation: 'none' }, 2],
    ['tapgrad.Silu', {}, 4],
  ] as const)('derivatives of %s', async (kernel, attrs, bits) => {
    const table = derivativeTable(kernel, attrs as never, bits);
    if (!table) throw new Error(`no table for ${kernel}`);
    for (const size of sizes) {
      // The borders themselves, too.
      const values = [...table.borders.map(Math.fround), 0, ...normal(size, 3)].slice(0, size);
      await expectSame(['PackDerivative', 'UnpackDerivative', 'UnpackDerivative'], () => {
        const codes = packDerivative(given(values, [size]), table);
        const dy = given(normal(size), [size]);
        return [codes, unpackDerivative(codes, table, [size]), unpackDerivative(codes, table, [size], dy)];
      });
    }
  });

  // Not all pairs: each takes the adapter a shader with noise and one without.
  const formats = [
    { bits: 2, scales: 'bfloat16', group: 96 },
    { bits: 4, scales: 'bfloat16', group: 96 },
    { bits: 8, scales: 'float32', group: 96 },
  ] as const;
  it.each(formats)('groups in $bits bits, ranges in $scales, with noise and without', async (format) => {
    for (const size of sizes) {
      const spread = [1, 1e-3, 30, 1e-30];
      const values = normal(size).map((x, i) => Math.fround(x * (spread[(i >> 6) % 4] as number)));
      for (const seed of [undefined, -7]) {
        await expectSame(['PackGroups', 'UnpackGroups'], () => {
          const packed = packGroups(given(values, [size]), format, seed);
          return [packed.codes, packed.ranges, unpackGroups(packed, format, [size])];
        });
      }
    }
  });

  it('groups of one value', async () => {
    for (const value of [0, 0.3, -2.5, 1e-20]) {
      const format = { bits: 4, scales: 'bfloat16', group: 64 } as const;
      await expectSame(['PackGroups', 'UnpackGroups'], () => {
        const packed = packGroups(given(new Array(70).fill(Math.fround(value)), [7, 10]), format, 3);
        return [packed.codes, packed.ranges, unpackGroups(packed, format, [7, 10])];
      });
    }
  });

  it.each(['float16', 'bfloat16'] as const)('numbers in %s, which are the nearest', async (format) => {
    for (const size of [1, 2, trials.length]) {
      const values = trials.slice(0, size);
      await expectSame(['PackHalf', 'UnpackHalf'], () => {
        const words = packHalf(given(values, [size]), format);
        return [words, unpackHalf(words, format, [size])];
      });
    }
  });

  it.each([
    [1, 1, 1],
    [1, 40, 4],
    [3, 33, 7],
    [4, 100, 100],
    [2, 3000, 301],
  ])('the largest of %i samples of %i elements, %i kept', async (samples, width, count) => {
    // Many are equal.
    const values = normal(samples * width).map((x) => Math.round(4 * x) / 4);
    await expectSame(['PackSparse', 'UnpackSparse'], () => {
      const packed = packSparse(given(values, [samples, width]), count);
      return [packed.mask, packed.values, unpackSparse(packed, [samples, width])];
    });
  });
});
