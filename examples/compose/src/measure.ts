import { plan, stepMemory } from '@tapgrad/backend-meta';
import { attach, type Plugin, type Stack } from '@tapgrad/core';
import { crossEntropy } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Combination } from './combinations.ts';

/** What training with some plugins took, and came to. */
export interface Measured {
  readonly name: string;
  readonly trainable: number;
  /** The most bytes held at one time in a step, and the most of them that were saved activations. */
  readonly peakBytes: number;
  readonly savedBytes: number;
  /** The peak as planned on shapes alone, before anything was computed. */
  readonly plannedBytes: number;
  readonly losses: readonly number[];
}

/** So few that the loss falls within the example's steps. */
const batches = 2;

/** Attaches plugins to the combination's model, plans a step, measures one, and trains. */
export async function measure(
  { model: make, data, samples, learningRate }: Combination,
  name: string,
  plugins: readonly (Plugin | readonly Plugin[])[],
  steps: number,
): Promise<{ readonly measured: Measured; readonly explained: string }> {
  const model = make();
  const optimizer = () => adamw({ learningRate });
  const first = data(0, samples);
  let stack: Stack<Tensor> | undefined;
  try {
    const planned = await plan(model, plugins, first, { loss: crossEntropy, optimizer });
    stack = attach(model, plugins, { loss: crossEntropy, optimizer: optimizer(), seed: 1 });
    const explained = stack.explain();
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const batch = data(i % batches, samples);
      losses.push(await (await stack.step(batch)).loss);
      batch.dispose();
    }
    const { peak, savedBytes, trainableParameters: trainable } = await stepMemory(stack, first);
    const measured = { name, trainable, peakBytes: peak.bytes, savedBytes, plannedBytes: planned.peak.bytes, losses };
    return { measured, explained };
  } finally {
    stack?.detach();
    stack?.options.optimizer?.dispose();
    model.dispose();
    first.dispose();
  }
}
