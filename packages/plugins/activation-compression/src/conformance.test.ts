import { testPlugin } from '@tapgrad/testing';
import { activationCompressionSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

// In float64 codes are composed of many small kernels: one model each; the others are tried on wasm.
for (const spec of activationCompressionSpecs) testPlugin({ ...spec, uses: [spec.uses[0]] }, { describe, it });
