import { indices, matMul64 } from '@tapgrad/kernel-tests';
import { describe, expect, it } from 'vitest';
import { fusedKernelsBase64, kernelsBase64 } from './generated/kernels.ts';
import type { KernelExports } from './kernel-exports.ts';
import { bytesOf, canRunKernels } from './kernel-module.ts';

const variants = [
  { name: 'SIMD', bytes: bytesOf(kernelsBase64) },
  { name: 'relaxed SIMD', bytes: bytesOf(fusedKernelsBase64) },
].filter(({ bytes }) => WebAssembly.validate(bytes));

/** Where the operands lie in a memory of the tests' own; everything else holds `untouched`. */
const [A, B, C, BIAS, WORKSPACE, END] = [1 << 16, 3 << 17, 5 << 17, 7 << 17, 1 << 20, 1 << 22];
const untouched = 12345;

function instance(bytes: Uint8Array<ArrayBuffer>): { kernels: KernelExports; floats: Float32Array } {
  const memory = new WebAssembly.Memory({ initial: END >> 16 });
  const module = new WebAssembly.Module(bytes);
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  const floats = new Float32Array(memory.buffer).fill(untouched);
  floats.fill(0, WORKSPACE / 4, WORKSPACE / 4 + 16);
  return { kernels, floats };
}

/** Puts a matrix whose rows are `stride` floats apart at an address, and returns its elements. */
function place(floats: Float32Array, address: number, rows: number, columns: number, stride: number): Float64Array {
  return Float64Array.from(indices(rows, columns) as Iterable<number>, (index) => {
    const [i, j] = index as unknown as [number, number];
    const value = Math.fround(Math.sin(1 + address + i * 1.7 + j * 0.3));
    floats[address / 4 + i * stride + j] = value;
    return value;
  });
}

it('the tests run at least one of the two modules', () => {
  expect(canRunKernels()).toBe(true);
  expect(variants.length).toBeGreaterThan(0);
});

describe.each(variants)('the matrix product built for $name', ({ bytes }) => {
  const sizes = [...indices(3, 3, 3)].map((index) => index.map((i) => [1, 17, 33][i]!));
  const flags = [...indices(2, 2, 2, 2)].map((index) => index.map((i) => i === 1));

  it.each([...sizes, [5, 16, 300], [70, 48, 9]])(
    '%i x %i over %i: parts of larger arrays, bias, accumulation',
    (m, n, k) => {
      for (const [transposeA, transposeB, withBias, accumulate] of flags) {
        const { kernels, floats } = instance(bytes);
        const [rowsA, columnsA] = transposeA ? [k, m] : [m, k];
        const [rowsB, columnsB] = transposeB ? [n, k] : [k, n];
        const [lda, ldb, ldc] = [columnsA + 3, columnsB + 1, n + 2];
        const a = place(floats, A, rowsA, columnsA, lda);
        const b = place(floats, B, rowsB, columnsB, ldb);
        for (let j = 0; j < n; j++) floats[BIAS / 4 + j] = j;
        for (const [i, j] of indices(m, n)) floats[C / 4 + i! * ldc + j!] = i! - j!;
        const before = floats.slice();
        kernels.gemmBatched(
          1,
          1,
          m,
          n,
          k,
          A,
          lda,
          0,
          0,
          +transposeA!,
          B,
          ldb,
          0,
          0,
          +transposeB!,
          C,
          ldc,
          0,
          0,
          withBias ? BIAS : 0,
          +accumulate!,
          WORKSPACE,
        );
        const c = matMul64(a, b, m, n, k, transposeA, transposeB).map((value, index) => {
          const [i, j] = [Math.floor(index / n), index % n];
          return value + (accumulate ? i - j : withBias ? j : 0);
        });
        const errors = Array.from(indices(m, n) as Iterable<[number, number]>, ([i, j]) => {
          const at = C / 4 + i * ldc + j;
          before[at] = floats[at]!;
          const expected = c[i * n + j]!;
          return Math.abs(floats[at]! - expected) / (Math.sqrt(k) + Math.abs(expected));
        });
        expect(Math.max(...errors)).toBeLessThan(1e-5);
        const outside = floats.subarray(0, WORKSPACE / 4);
        expect(outside.findIndex((value, i) => value !== before[i])).toBe(-1);
        const end = WORKSPACE + kernels.gemmWorkspace();
        expect(floats.subarray(end / 4).findIndex((value) => value !== untouched)).toBe(-1);
      }
    },
  );
});
