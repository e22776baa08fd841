import { testActivations } from '@tapgrad/kernel-tests';
import { beforeAll } from 'vitest';
import { useWasm } from '../index.ts';

beforeAll(() => useWasm());

testActivations();
