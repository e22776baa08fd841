import { testPlugin } from '@tapgrad/testing';
import { continualHeadSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of continualHeadSpecs) testPlugin(spec, { describe, it });
