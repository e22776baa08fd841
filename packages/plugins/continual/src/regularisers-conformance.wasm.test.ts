import { useWasm } from '@tapgrad/backend-wasm';
import { testPlugin } from '@tapgrad/testing';
import { continualRegulariserSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

await useWasm();

for (const spec of continualRegulariserSpecs) testPlugin(spec, { describe, it });
