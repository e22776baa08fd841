import { testPlugin } from '@tapgrad/testing';
import { activationPresetSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of activationPresetSpecs) testPlugin(spec, { describe, it });
