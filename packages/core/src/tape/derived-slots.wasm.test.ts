import { useWasm } from '@tapgrad/backend-wasm';
import { derivedSlots } from './derived-slots.cases.ts';

await useWasm();
derivedSlots();
