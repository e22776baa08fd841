import { testReductions } from '@tapgrad/kernel-tests';
import { beforeAll } from 'vitest';
import { useWebgpu } from '../index.ts';
import { describeOnBoth } from '../test-lanes.ts';

beforeAll(() => useWebgpu());

describeOnBoth('sums', testReductions);
