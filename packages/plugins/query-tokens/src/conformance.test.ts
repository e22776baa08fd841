import { testPlugin } from '@tapgrad/testing';
import { queryTokensSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of queryTokensSpecs) testPlugin(spec, { describe, it });
