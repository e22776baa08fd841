import { testPlugin } from '@tapgrad/testing';
import { continualFpfSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of continualFpfSpecs) testPlugin(spec, { describe, it });
