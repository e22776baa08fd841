import { expectClose, matMul64, sample, testFusedMatMul, testMatMul, transposes } from '@tapgrad/kernel-tests';
import { dispose, matMul } from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';
import { describeOnBoth, withoutLanes } from '../test-lanes.ts';

beforeAll(() => useWebgpu());

describeOnBoth('products', () => {
  // Sizes that are and are not multiples of four and of a tile, and few rows or columns; each takes shaders of its own to compile.
  testMatMul(
    [
      [1, 1, 1],
      [3, 5, 7],
      [5, 16, 40],
      [65, 64, 257],
      [130, 72, 260],
      [33, 4, 17],
    ],
    transposes.slice(1, 3),
  );
  testFusedMatMul();
});

it.each([
  [33, 40, 100],
  [50, 6, 30],
])(
  '%i x %i products have the same bits among lanes and by workgroup memory where the inner dimension is not split',
  async (m, n, k) => {
    const [a, b] = [sample([m, k], 'a'), sample([k, n], 'b')];
    const first = matMul(a.tensor, b.tensor);
    const restore = withoutLanes();
    const second = matMul(a.tensor, b.tensor);
    restore();
    const values = await first.data();
    expectClose(values, matMul64(a.values, b.values, m, n, k), 1e-5, Math.sqrt(k));
    expect(values).toEqual(await second.data());
    dispose([a.tensor, b.tensor, first, second]);
  },
);
