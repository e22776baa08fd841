import { attach, type Batch, type Plugin, randomStream, type Stack, type Task } from '@tapgrad/core';
import { crossEntropy, Linear, Sequential } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import { dispose, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';

/** A linear classifier of 2 features with `classes` columns, for this package's tests. */
export function classifier(classes = 4): Sequential {
  return new Sequential(
    new Linear(2, 3, { random: randomStream(1, 'a') }),
    new Linear(3, classes, { random: randomStream(1, 'b') }),
  );
}

/** Samples whose features are `[label, number]`. */
export function samples(labels: readonly number[], first = 0, side: Readonly<Record<string, unknown>> = {}): Batch {
  return {
    inputs: tensor2d(labels.map((label, i) => [label, first + i])),
    targets: tensor1d([...labels], 'int32'),
    tasks: tensor1d(
      labels.map((label) => Math.floor(label / 2)),
      'int32',
    ),
    ...side,
  };
}

export function put(model: Sequential, plugins: readonly Plugin[], seed = 7): Stack {
  const loss = (logits: unknown, batch: Batch) => crossEntropy(logits as Tensor, batch);
  return attach<unknown>(model, plugins, { loss, optimizer: sgd({ learningRate: 0.01 }), seed });
}

/** One update with a batch that is freed behind it. */
export async function step(stack: Stack, ...batches: Batch[]): Promise<number> {
  try {
    return await (await stack.step(batches)).loss;
  } finally {
    dispose(batches as never);
  }
}

/** A task of batches that are made when they are asked for. */
export function task(index: number, classes: readonly number[], make: () => Iterable<Batch>): Task {
  return { index, name: `task ${index}`, classes, batches: make };
}

export function numbers(tensor: unknown): number[] {
  return [...(tensor as Tensor).dataSync()];
}

/** What a batch holds, by name. */
export function contents(batch: Batch | undefined): Record<string, number[]> {
  return Object.fromEntries(Object.entries(batch ?? {}).map(([name, each]) => [name, numbers(each)]));
}
