import { testPlugin } from '@tapgrad/testing';
import { ladderSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of ladderSpecs) testPlugin(spec, { describe, it });
