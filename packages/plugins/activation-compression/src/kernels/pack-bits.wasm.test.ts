import { useWasm } from '@tapgrad/backend-wasm';
import { beforeAll } from 'vitest';
import { testPackBits } from './test-pack-bits.ts';

beforeAll(() => useWasm());

testPackBits();
