import { useWasm } from '@tapgrad/backend-wasm';
import { peaks } from './test-peak.ts';

await useWasm();
peaks({ composed: false });
