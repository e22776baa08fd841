import { attach, disposeBatch, type Plugin } from '@tapgrad/core';
import type { ModelSpec } from '@tapgrad/testing';
import { adamw } from '@tapgrad/train';
import { plan, type StepMemory, stepMemory } from '../index.ts';

type Plugins = () => readonly (Plugin | readonly Plugin[])[];

const optimizer = () => adamw({ learningRate: 1e-3 });

/** What a step of a test model holds on the current backend. */
export async function measured(
  { model: make, batch: batchOf, loss }: ModelSpec,
  plugins: Plugins,
): Promise<StepMemory> {
  const [model, batch, using] = [make(), batchOf(0), optimizer()];
  const stack = attach(model, plugins(), { loss, optimizer: using });
  try {
    return await stepMemory(stack, batch);
  } finally {
    stack.detach();
    using.dispose();
    model.dispose();
    disposeBatch(batch);
  }
}

/** The same, planned. */
export async function planned({ model: make, batch: batchOf, loss }: ModelSpec, plugins: Plugins): Promise<StepMemory> {
  const [model, batch] = [make(), batchOf(0)];
  try {
    return await plan(model, plugins(), batch, { loss, optimizer });
  } finally {
    model.dispose();
    disposeBatch(batch);
  }
}
