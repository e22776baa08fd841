import { testFusedMatMul, testMatMul, transposes } from '@tapgrad/kernel-tests';
import { beforeAll } from 'vitest';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

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
