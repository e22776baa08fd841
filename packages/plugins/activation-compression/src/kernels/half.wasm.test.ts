import { useWasm } from '@tapgrad/backend-wasm';
import { beforeAll } from 'vitest';
import { testHalf } from './test-half.ts';

beforeAll(() => useWasm());

testHalf();
