import '@tensorflow/tfjs-backend-cpu';
import { useWasm } from '@tapgrad/backend-wasm';
import { getBackend, mul } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { pluginChecks } from './plugin-checks.ts';
import type { PluginSpec } from './plugin-spec.ts';
import { healthy, specOf } from './test-plugins.ts';

await useWasm();

const onOthers = (spec: PluginSpec) => pluginChecks(spec).filter(({ property }) => property === 'backends');

it('a plugin that computes the same on every backend passes', async () => {
  const checks = onOthers(specOf('healthy', healthy));
  expect(checks.map(({ name }) => name)).toEqual(['cpu: every backend computes the same']);
  for (const { run } of checks) await run();
  expect(getBackend()).toBe('wasm');
});

it('the tester finds a plugin that computes something else on one backend', async () => {
  const partial = specOf('partial', ({ hooks }) => {
    hooks.tap('hidden:output').forward((value) => (getBackend() === 'cpu' ? mul(value, 1.01) : undefined));
  });
  const [check] = onOthers(partial);
  await expect(check?.run()).rejects.toMatchObject({
    code: 'PLUGIN_TEST_BACKENDS',
    plugin: 'partial',
    message: expect.stringMatching(
      /property "backends".*gradients on cpu differ from those on wasm by 0\.0\d+ of their norm/,
    ),
  });
  expect(getBackend()).toBe('wasm');
});
