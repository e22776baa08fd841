import { useWasm } from '@tapgrad/backend-wasm';
import { testPlugin } from '@tapgrad/testing';
import { offloadSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

await useWasm();

// The others are tried in float64.
for (const spec of offloadSpecs) testPlugin({ ...spec, uses: [spec.uses[0]] }, { describe, it });
