import { useWasm } from '@tapgrad/backend-wasm';
import { testPlugin } from '@tapgrad/testing';
import { activationPresetSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

await useWasm();

for (const spec of activationPresetSpecs) testPlugin(spec, { describe, it });
