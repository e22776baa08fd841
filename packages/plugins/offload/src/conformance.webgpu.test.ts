import { useWebgpu } from '@tapgrad/backend-webgpu';
import type { PluginSpec } from '@tapgrad/testing';
import { testPlugin } from '@tapgrad/testing';
import { tinyResNet, tinyVisionTransformer } from '@tapgrad/testing/builtin';
import { describe, it } from 'vitest';
import { poisonFreedMemory } from '../../../backends/webgpu/src/test-poison.ts';
import { disk } from './disk/index.ts';
import { type OffloadOptions, offload } from './index.ts';

await useWebgpu();
poisonFreedMemory();

const all = { smallest: 1, keepLast: false } as const;

/** Where saved values are until backward; each on the model that has what it is about. */
const ways: Readonly<Record<string, readonly [PluginSpec['uses'][0]['on'], () => OffloadOptions]>> = {
  'in the memory of the host': [tinyVisionTransformer, () => all],
  'on disk': [tinyResNet, () => ({ ...all, store: disk(), waiting: 4096 })],
  'computed again': [tinyVisionTransformer, () => ({ ...all, recompute: ['layers.*.mlp', 'layers.*.attention'] })],
};

for (const [where, [on, options]] of Object.entries(ways)) {
  describe(where, () => {
    const uses = [{ on, plugins: () => offload(options()) }] as const;
    testPlugin({ name: 'offload', uses, gradients: 'exact' }, { describe, it });
  });
}
