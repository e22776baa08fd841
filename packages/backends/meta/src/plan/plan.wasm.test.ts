import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Plugin } from '@tapgrad/core';
import { ladder } from '@tapgrad/ladder';
import type { ModelSpec } from '@tapgrad/testing';
import { tinyInvertedResiduals, tinyResNet, tinyTextEncoder, tinyVisionTransformer } from '@tapgrad/testing/builtin';
import { adamw } from '@tapgrad/train';
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { plan, type StepMemory, stepMemory } from '../index.ts';

beforeAll(() => useWasm());

const optimizer = () => adamw({ learningRate: 1e-3 });
type Plugins = readonly (Plugin | readonly Plugin[])[];

async function onWasm({ model: make, batch: batchOf, loss }: ModelSpec, plugins: Plugins): Promise<StepMemory> {
  const [model, batch, using] = [make(), batchOf(0), optimizer()];
  const stack = attach(model, plugins, { loss, optimizer: using });
  try {
    return await stepMemory(stack, batch);
  } finally {
    stack.detach();
    using.dispose();
    model.dispose();
    dispose([batch.inputs as Tensor, batch.targets as Tensor]);
  }
}

async function planned({ model: make, batch: batchOf, loss }: ModelSpec, plugins: Plugins): Promise<StepMemory> {
  const [model, batch] = [make(), batchOf(0)];
  try {
    return await plan(model, plugins, batch, { loss, optimizer });
  } finally {
    model.dispose();
    dispose([batch.inputs as Tensor, batch.targets as Tensor]);
  }
}

const models = [tinyVisionTransformer, tinyTextEncoder, tinyResNet, tinyInvertedResiduals];

describe('a planned step is that on wasm, to the byte, by category, module and plugin', () => {
  it.each(models.map((spec) => [spec.name, spec] as const))('%s, fully trained', async (_, spec) => {
    expect(await planned(spec, [])).toEqual(await onWasm(spec, []));
  });

  it.each([tinyVisionTransformer, tinyTextEncoder].map((spec) => [spec.name, spec] as const))(
    '%s, ladder',
    async (_, spec) => {
      const plugins = () => [ladder({ blocks: 'layers.*', reduction: 2, head: { classes: 3 } })];
      expect(await planned(spec, plugins())).toEqual(await onWasm(spec, plugins()));
    },
  );
});
