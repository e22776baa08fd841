import { type Batch, Module, randomStream, type Stack, type Task } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { type Tensor, tanh, tensor } from '@tensorflow/tfjs-core';

/** Values `[batch, 4]` by a layer of 6 features `body` and a linear `head` of 3. */
export class TinyClassifier extends Module {
  readonly body = new Linear(4, 6, { random: randomStream(1, 'body') });
  readonly head = new Linear(6, 3, { random: randomStream(1, 'head') });

  override forward(x: Tensor): Tensor {
    return this.head.call(tanh(this.body.call(x)));
  }
}

const names = ['cat', 'dog', 'ship', 'lorry', 'tree', 'house'];

/** Task number `index` of a stream of two classes each. */
export function pairTask(index: number): Task {
  const classes = [2 * index, 2 * index + 1];
  return {
    index,
    name: `pair ${index}`,
    classes,
    classNames: classes.map((label) => names[label] as string),
    batches: () => [],
  };
}

/** Four samples of the two classes of a task. The caller disposes them. */
export function pairBatch(index: number, seed = 0): Batch & { inputs: Tensor; targets: Tensor } {
  const first = 2 * index;
  return {
    inputs: tensor(randomStream(3, 'batch', index, seed).normal(16), [4, 4]),
    targets: tensor([first, first + 1, first, first + 1], [4], 'int32'),
  };
}

/** Begins a task, trains some steps on its batch, and ends it. */
export async function learn(
  stack: Stack<Tensor>,
  index: number,
  steps = 2,
  tell?: (loss: number) => void,
): Promise<void> {
  const task = pairTask(index);
  const batch = pairBatch(index);
  await stack.begin('task', { index, task });
  for (let i = 0; i < steps; i++) {
    const loss = await (await stack.step(batch)).loss;
    tell?.(loss);
  }
  await stack.end('task', { index, task });
  batch.inputs.dispose();
  batch.targets.dispose();
}

export function valuesOfAll(tensors: ReadonlyMap<string, Tensor>): Record<string, number[]> {
  return Object.fromEntries([...tensors].map(([name, each]) => [name, Array.from(each.dataSync())]));
}
