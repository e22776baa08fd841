import { useWasm } from '@tapgrad/backend-wasm';
import { testPlugin } from '@tapgrad/testing';
import { momentumAuxiliarySpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

await useWasm();

for (const spec of momentumAuxiliarySpecs) testPlugin(spec, { describe, it });
