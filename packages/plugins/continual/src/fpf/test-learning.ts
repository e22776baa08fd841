import { attach, type Batch, disposeBatch, type Plugin, randomStream, type Stack, type Task } from '@tapgrad/core';
import { BatchNorm2d, Conv2d, crossEntropy, Linear, Module } from '@tapgrad/nn';
import { type SgdOptions, sgd } from '@tapgrad/train';
import { mean, relu, type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Convolution, batch norm, ReLU, convolution, mean over the map, linear: all kinds of groups in 5 modules. */
export class Small extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;
  readonly deep: Conv2d;
  readonly fc: Linear;

  constructor(seed = 1) {
    super();
    const random = randomStream(seed, 'small');
    this.conv = new Conv2d(1, 3, 3, { padding: 1, bias: false, random });
    this.bn = new BatchNorm2d(3);
    this.deep = new Conv2d(3, 4, 3, { padding: 1, random });
    this.fc = new Linear(4, 4, { random });
  }

  override forward(x: Tensor): Tensor {
    const features = relu(this.deep.call(relu(this.bn.call(this.conv.call(x)))));
    return this.fc.call(mean(features, [1, 2]));
  }
}

/** Images `[6, 4, 4, 1]` of two classes, told apart by their brightness above and below. */
export function imagesOf(labels: readonly [number, number], index: number): Batch {
  const random = randomStream(3, 'images', index);
  const targets = Int32Array.from({ length: 6 }, (_, i) => labels[i % 2] as number);
  const pixels = random.uniform(6 * 16, 0, 1).map((value, i) => {
    const [above, second] = [i % 16 < 8, Math.floor(i / 16) % 2 === 1];
    return above === second ? value + 1 : value;
  });
  return { inputs: tensor(pixels, [6, 4, 4, 1]), targets: tensor(targets, [6], 'int32') };
}

/** Task number `index`: classes 0 and 1, then 2 and 3, then those again. */
export function taskOf(index: number, count: number | undefined = 2): Task {
  const labels = index % 2 === 0 ? ([0, 1] as const) : ([2, 3] as const);
  return {
    index,
    ...(count !== undefined && { count }),
    name: `task ${index}`,
    classes: labels,
    *batches() {
      for (let i = 0; i < 4; i++) yield imagesOf(labels, index * 10 + i);
    },
  };
}

export interface Learner {
  readonly model: Small;
  readonly stack: Stack<Tensor>;
  /** Trains on all batches of a task, `epochs` times. */
  learn(task: Task, options?: { readonly epochs?: number; readonly end?: boolean }): Promise<void>;
  dispose(): void;
}

export function learner(plugins: readonly Plugin[], options: Partial<SgdOptions> = {}): Learner {
  const model = new Small();
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, ...options });
  const stack = attach<Tensor>(model, plugins, { loss: crossEntropy, optimizer, seed: 5 });
  return {
    model,
    stack,
    async learn(task, { epochs = 1, end = true } = {}) {
      await stack.begin('task', { index: task.index, task });
      for (let epoch = 0; epoch < epochs; epoch++) {
        await stack.begin('epoch', { index: epoch });
        for (const batch of task.batches() as Iterable<Batch>) {
          try {
            await (await stack.step(batch)).loss;
          } finally {
            disposeBatch(batch);
          }
        }
        await stack.end('epoch', { index: epoch });
      }
      if (end) await stack.end('task', { index: task.index, task });
    },
    dispose() {
      stack.detach();
      optimizer.dispose();
      model.dispose();
    },
  };
}

/** Every number of the model, by name; `keep` says which. */
export function numbersOf(model: Small, keep: (name: string) => boolean = () => true): Record<string, number[]> {
  return Object.fromEntries(
    [...model.state()].filter(([name]) => keep(name)).map(([name, each]) => [name, [...each.dataSync()]]),
  );
}
