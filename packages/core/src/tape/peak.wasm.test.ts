import { useWasm } from '@tapgrad/backend-wasm';
import { peaks } from './peak.cases.ts';

await useWasm();
peaks({ composed: false });
