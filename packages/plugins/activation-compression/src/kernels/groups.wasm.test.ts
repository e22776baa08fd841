import { useWasm } from '@tapgrad/backend-wasm';
import { beforeAll } from 'vitest';
import { testGroups } from './test-groups.ts';

beforeAll(() => useWasm());

testGroups({ bitwise: true });
