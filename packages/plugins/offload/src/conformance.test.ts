import { testPlugin } from '@tapgrad/testing';
import { offloadSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of offloadSpecs) testPlugin(spec, { describe, it });
