import { testPlugin } from '@tapgrad/testing';
import { momentumAuxiliarySpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of momentumAuxiliarySpecs) testPlugin(spec, { describe, it });
