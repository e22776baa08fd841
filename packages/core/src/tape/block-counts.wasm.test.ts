import { useWasm } from '@tapgrad/backend-wasm';
import { blockCounts } from './test-block-counts.ts';

await useWasm();
blockCounts();
