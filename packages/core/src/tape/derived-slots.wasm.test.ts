import { useWasm } from '@tapgrad/backend-wasm';
import { derivedSlots } from './test-derived-slots.ts';

await useWasm();
derivedSlots();
