import { testPlugin } from '@tapgrad/testing';
import { continualReplaySpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';

for (const spec of continualReplaySpecs) testPlugin(spec, { describe, it });
