import '@tensorflow/tfjs-backend-cpu';
import { useWebgpu } from '@tapgrad/backend-webgpu';
import { setBackend } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pluginChecks } from '../plugin/plugin-checks.ts';
import { builtinPlugins } from './index.ts';

// What is not said to the contrary is compared with the backend that is current when the checks are made.
await useWebgpu();
await setBackend('cpu');

describe('on webgpu as on cpu', () => {
  it.each(builtinPlugins.map((spec) => [spec.name, spec] as const))('%s', async (_, spec) => {
    const checks = pluginChecks(spec).filter(({ property }) => property === 'backends');
    expect(checks).toHaveLength(1);
    for (const { run } of checks) await run();
  });
});
