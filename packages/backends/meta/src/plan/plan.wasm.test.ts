import { useWasm } from '@tapgrad/backend-wasm';
import type { ModelSpec } from '@tapgrad/testing';
import {
  builtinPlugins,
  tinyInvertedResiduals,
  tinyResNet,
  tinyTextEncoder,
  tinyVisionTransformer,
} from '@tapgrad/testing/builtin';
import { beforeAll, describe, expect, it } from 'vitest';
import { measured, planned } from './test-steps.ts';

beforeAll(() => useWasm());

const models: [string, ModelSpec][] = [tinyVisionTransformer, tinyTextEncoder, tinyResNet, tinyInvertedResiduals].map(
  (spec) => [spec.name, spec],
);
const uses = builtinPlugins.flatMap(({ name, uses: all }) => all.map((use) => [name, use.on.name, use] as const));

describe('a planned step is that on wasm, to the byte, by category, module and plugin', () => {
  it.each(models)('%s, fully trained', async (_, spec) => {
    const step = await measured(spec, () => []);
    expect(step.savedBytes).toBeGreaterThan(0);
    expect(await planned(spec, () => [])).toEqual(step);
  });

  it.each(uses)('%s on %s', async (_plugin, _model, { on, plugins }) => {
    const list = () => [plugins()];
    expect(await planned(on, list)).toEqual(await measured(on, list));
  });
});
