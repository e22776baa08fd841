import { useWasm } from '@tapgrad/backend-wasm';
import { beforeAll } from 'vitest';
import { testSparse } from './test-sparse.ts';

beforeAll(() => useWasm());

testSparse();
