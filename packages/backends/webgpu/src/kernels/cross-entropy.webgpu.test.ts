import { testCrossEntropy } from '@tapgrad/kernel-tests';
import { beforeAll } from 'vitest';
import { useWebgpu } from '../index.ts';

beforeAll(() => useWebgpu());

testCrossEntropy();
