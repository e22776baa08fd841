import { pluginChecks } from '@tapgrad/testing';
import { continualHeadSpecs } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';
import { prd } from '../index.ts';

const [use] = continualHeadSpecs.find(({ name }) => name === 'prd')?.uses ?? [];
if (!use) throw new Error('there is no declaration of prd');

const options = { projection: [6, 4], contrastTemperature: 0.5, prototypeWeight: 0, distillationWeight: 3 };

describe('without the term whose gradient stops on the way', () => {
  for (const variant of ['paper', 'reference-code'] as const) {
    const plugins = () => prd({ ...options, variant });
    const checks = pluginChecks({ name: 'prd', uses: [{ on: use.on, plugins }], gradients: 'exact' });
    for (const { run } of checks.filter(({ property }) => property === 'gradients')) {
      it(`gradients are those of central differences: ${variant}`, run);
    }
  }
});
