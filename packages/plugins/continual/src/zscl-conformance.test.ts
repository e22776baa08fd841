import { testPlugin } from '@tapgrad/testing';
import { continualZsclSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of continualZsclSpecs) testPlugin(spec, { describe, it });
