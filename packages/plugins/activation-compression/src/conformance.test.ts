import { testPlugin } from '@tapgrad/testing';
import { activationCompressionSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of activationCompressionSpecs) testPlugin(spec, { describe, it });
