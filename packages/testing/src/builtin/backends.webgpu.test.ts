import '@tensorflow/tfjs-backend-cpu';
import { useWebgpu } from '@tapgrad/backend-webgpu';
import { setBackend } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poisonFreedMemory } from '../../../backends/webgpu/src/test-poison.ts';
import { pluginChecks } from '../plugin/plugin-checks.ts';
import { builtinPlugins } from './index.ts';

// What is not said to the contrary is compared with the backend that is current when the checks are made.
await useWebgpu();
afterAll(poisonFreedMemory());
await setBackend('cpu');

describe('on webgpu as on cpu', () => {
  it.each(builtinPlugins.map((spec) => [spec.name, spec] as const))('%s', async (_, spec) => {
    const checks = pluginChecks(spec).filter(({ property }) => property === 'backends');
    expect(checks).toHaveLength(1);
    for (const { run } of checks) await run();
  });
});

/** Of each way to keep something from step to step one: packed codes, local backward, a memory with side data, path integrals. */
const keeping = ['bit-masks', 'local-learning', 'der', 'si'];

describe('by itself on webgpu, the same bits again', () => {
  beforeAll(() => useWebgpu());
  afterAll(() => setBackend('cpu'));

  it.each(keeping)('%s', async (name) => {
    const checks = builtinPlugins
      .filter((spec) => spec.name === name)
      .flatMap((spec) => pluginChecks({ ...spec, uses: [spec.uses[0]] }))
      .filter(({ property }) => property === 'determinism' || property === 'resume');
    expect(checks).toHaveLength(2);
    for (const { run } of checks) await run();
  });
});
