import { useWasm } from '@tapgrad/backend-wasm';
import { blockCounts } from './block-counts.cases.ts';

await useWasm();
blockCounts();
