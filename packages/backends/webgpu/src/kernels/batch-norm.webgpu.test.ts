import { testBatchNormGradient } from '@tapgrad/kernel-tests';
import { beforeAll } from 'vitest';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

testBatchNormGradient();
