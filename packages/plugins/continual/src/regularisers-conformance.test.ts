import { testPlugin } from '@tapgrad/testing';
import { continualRegulariserSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of continualRegulariserSpecs) testPlugin(spec, { describe, it });
