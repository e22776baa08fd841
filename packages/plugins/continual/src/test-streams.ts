import {
  attach,
  type Batch,
  disposeBatch,
  Module,
  type Optimizer,
  type Plugin,
  randomStream,
  type Stack,
  type Task,
} from '@tapgrad/core';
import { crossEntropy, Linear } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { relu, type Tensor, tensor } from '@tensorflow/tfjs-core';

const features = 5;
const classes = 4;

/** `[batch, 5]` to logits `[batch, 4]` through `hidden` (6 wide) and `head`. For this package's tests. */
export class SmallNet extends Module {
  readonly hidden = new Linear(features, 6, { random: randomStream(1, 'hidden') });
  readonly head = new Linear(6, classes, { random: randomStream(1, 'head') });

  override forward(x: Tensor): Tensor {
    return this.head.call(relu(this.hidden.call(x)));
  }
}

/** Samples of classes 2 t and 2 t + 1 of task t. The caller disposes them. */
export function blob(task: number, number: number, samples = 8): Batch & { readonly inputs: Tensor } {
  const random = randomStream(3, task, number);
  const labels = Int32Array.from({ length: samples }, (_, i) => 2 * task + (i % 2));
  const noise = random.normal(samples * features, 0, 0.5);
  const values = noise.map((value, i) => value + (labels[Math.floor(i / features)] === i % features ? 2 : 0));
  return { inputs: tensor(values, [samples, features]), targets: tensor(labels, [samples], 'int32') };
}

/** Task number `index` of two classes and two batches. */
export function blobTask(index: number, samples = 8): Task {
  return {
    index,
    name: `task ${index}`,
    classes: [2 * index, 2 * index + 1],
    *batches() {
      for (const number of [0, 1]) yield blob(index, number, samples);
    },
  };
}

/** A stack on a small net, and what tests do with it. */
export class Learner {
  readonly model = new SmallNet();
  readonly optimizer: Optimizer;
  readonly stack: Stack<Tensor>;

  constructor(plugins: readonly Plugin[], optimizer: Optimizer = adamw({ learningRate: 0.05 })) {
    this.optimizer = optimizer;
    try {
      this.stack = attach<Tensor>(this.model, plugins, { loss: crossEntropy, optimizer, seed: 3 });
    } catch (thrown) {
      this.model.dispose();
      throw thrown;
    }
  }

  /** One step; gives the value of every loss term. */
  async step(task: number, number = 0): Promise<Readonly<Record<string, number>>> {
    const batch = blob(task, number);
    try {
      return await (await this.stack.step(batch)).terms;
    } finally {
      disposeBatch(batch);
    }
  }

  /** Trains on a task from its beginning to its end. */
  async learn(index: number, steps = 3): Promise<void> {
    await this.begin(index);
    for (let i = 0; i < steps; i++) await this.step(index, i);
    await this.stack.end('task', { index, task: blobTask(index) });
  }

  begin(index: number): Promise<void> {
    return this.stack.begin('task', { index, task: blobTask(index) });
  }

  /** Gradients and terms of a batch. */
  gradients(task: number): { readonly terms: Readonly<Record<string, number>>; readonly of: Record<string, number[]> } {
    const batch = blob(task, 0);
    const made = this.stack.gradientsOf(batch);
    const terms = Object.entries(made.terms).map(([name, term]) => [name, term.dataSync()[0] ?? Number.NaN] as const);
    const of = [...made.gradients].map(([name, each]) => [name, Array.from(each.dataSync())] as const);
    made.dispose();
    disposeBatch(batch);
    return { terms: Object.fromEntries(terms), of: Object.fromEntries(of) };
  }

  /** Mean loss of a task's first batch, in evaluation. */
  async evaluate(task: number): Promise<number> {
    const batch = blob(task, 0);
    try {
      return (await this.stack.evaluate([batch])).loss;
    } finally {
      disposeBatch(batch);
    }
  }

  /** What a plugin saved under its own names. */
  saved(plugin: string): Map<string, number[]> {
    const prefix = `${plugin}/state/`;
    const all = [...this.stack.state('plugins').tensors].filter(([name]) => name.startsWith(prefix));
    return new Map(all.map(([name, each]) => [name.slice(prefix.length), Array.from(each.dataSync())]));
  }

  /** Bytes that plugins keep now. */
  get pluginBytes(): number {
    return this.stack.ledger.now().categories.plugin;
  }

  dispose(): void {
    this.stack.detach();
    this.optimizer.dispose();
    this.model.dispose();
  }
}
