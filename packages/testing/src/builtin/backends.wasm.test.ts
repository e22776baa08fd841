import '@tensorflow/tfjs-backend-cpu';
import { useWasm } from '@tapgrad/backend-wasm';
import { describe, expect, it } from 'vitest';
import { pluginChecks } from '../plugin/plugin-checks.ts';
import { builtinPlugins } from './index.ts';

await useWasm();

describe('on wasm as on cpu', () => {
  it.each(builtinPlugins.map((spec) => [spec.name, spec] as const))('%s', async (_, spec) => {
    const checks = pluginChecks(spec).filter(({ property }) => property === 'backends');
    expect(checks).toHaveLength(1);
    for (const { run } of checks) await run();
  });
});
