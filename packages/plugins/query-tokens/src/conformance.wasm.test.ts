import { useWasm } from '@tapgrad/backend-wasm';
import { testPlugin } from '@tapgrad/testing';
import { queryTokensSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

await useWasm();

for (const spec of queryTokensSpecs) testPlugin(spec, { describe, it });
