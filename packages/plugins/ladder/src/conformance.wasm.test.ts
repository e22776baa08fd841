import { useWasm } from '@tapgrad/backend-wasm';
import { testPlugin } from '@tapgrad/testing';
import { ladderSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

await useWasm();

for (const spec of ladderSpecs) testPlugin(spec, { describe, it });
