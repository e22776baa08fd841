import { attach, type Batch, definePlugin, Parameter, type Plugin, type Stack, type Task } from '@tapgrad/core';
import type { DualEncoder, DualEncoderOutputs } from '@tapgrad/nn';
import { tinyDualEncoder } from '@tapgrad/testing/builtin';
import { adamw } from '@tapgrad/train';
import { add, dispose, matMul, scalar, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** A tiny dual encoder with plugins, and what it takes to train it. */
export interface Dual {
  readonly stack: Stack;
  readonly model: DualEncoder;
  /** One update on batch number `index`; gives the loss terms. */
  step(index: number): Promise<Readonly<Record<string, number>>>;
  /** Loss terms and gradients of batch 0, read. */
  gradients(): { readonly terms: Record<string, number>; readonly gradients: Map<string, Float32Array> };
  begin(index: number): Promise<void>;
  end(index: number): Promise<void>;
  dispose(): void;
}

export function dual(plugins: readonly Plugin[], { task = true, learningRate = 1e-2, seed = 3 } = {}): Dual {
  const model = tinyDualEncoder.model() as unknown as DualEncoder;
  model.state();
  const batches = new Map<number, Batch>();
  const batch = (index: number): Batch => {
    const known = batches.get(index) ?? tinyDualEncoder.batch(index);
    batches.set(index, known);
    return known;
  };
  const optimizer = adamw({ learningRate });
  const stack = attach<unknown>(model as never, plugins, {
    loss: (outputs, given) => (task ? tinyDualEncoder.loss(outputs, given) : scalar(0)),
    optimizer,
    seed,
  });
  return {
    stack,
    model,
    step: async (index) => (await stack.step(batch(index))).terms,
    gradients() {
      const made = stack.gradientsOf(batch(0));
      const terms = Object.entries(made.terms).map(([name, each]) => [name, each.dataSync()[0] as number]);
      const gradients = new Map([...made.gradients].map(([name, each]) => [name, each.dataSync().slice()]));
      made.dispose();
      return { terms: Object.fromEntries(terms), gradients: gradients as Map<string, Float32Array> };
    },
    begin: (index) => stack.begin('task', { index, task: taskOf(index) }),
    end: (index) => stack.end('task', { index, task: taskOf(index) }),
    dispose() {
      stack.detach();
      optimizer.dispose();
      model.dispose();
      for (const each of batches.values()) dispose(each as never);
    },
  };
}

function taskOf(index: number): Task {
  return { index, name: `task ${index}`, classes: [0, 1, 2], batches: () => [] };
}

/** What the stack gives for images and texts now; the caller disposes it. */
export function predicted({ stack }: Dual, images: Tensor, texts: Tensor): DualEncoderOutputs {
  return stack.predict(images, texts) as DualEncoderOutputs;
}

/** The image projection's weight plus the product of two thin matrices, which alone train. */
export const lowRank = definePlugin({
  name: 'low-rank',
  apply({ hooks, addParameter, filterTrainable }) {
    const values = (count: number, by: number) =>
      Float32Array.from({ length: count }, (_, i) => Math.sin(by * (i + 1)));
    const down = addParameter('down', new Parameter(tensor(values(16, 1), [8, 2])));
    const up = addParameter('up', new Parameter(tensor(values(10, 2), [2, 5])));
    hooks.tap('imageProjection:weight').forward((weight) => add(weight, matMul(down.read(), up.read())));
    filterTrainable((name) => name.startsWith('low-rank/'));
  },
});
