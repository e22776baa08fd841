import { attach, type Batch, Module, type Plugin, randomStream, type Stack } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { sgd } from '@tapgrad/train';
import * as tf from '@tensorflow/tfjs-core';

class Hidden extends Module {
  readonly linear: Linear;

  constructor(width: number, out: number) {
    super();
    this.linear = new Linear(width, out, { random: randomStream(3, `hidden ${width}`) });
  }

  override forward(x: tf.Tensor): tf.Tensor {
    return tf.relu(this.linear.call(x));
  }
}

/** 8-16-16-4 with ReLUs: the network that the method's figures are counted on. */
export class Perceptron extends Module {
  readonly layers = [8, 16].map((width) => new Hidden(width, 16));
  readonly head = new Linear(16, 4, { random: randomStream(3, 'head') });

  override forward(x: tf.Tensor): tf.Tensor {
    return this.head.call(this.layers.reduce((value, layer) => layer.call(value), x));
  }
}

class Block extends Module {
  readonly up: Linear;
  readonly down: Linear;

  constructor(width: number, key: string) {
    super();
    this.up = new Linear(width, 4 * width, { random: randomStream(3, key, 'up') });
    this.down = new Linear(4 * width, width, { random: randomStream(3, key, 'down') });
  }

  override forward(x: tf.Tensor): tf.Tensor {
    return this.down.call(tf.relu(this.up.call(x)));
  }
}

/** Blocks that save four times as much inside as passes between them. */
export class Tower extends Module {
  readonly blocks: readonly Block[];

  constructor(blocks: number, width: number) {
    super();
    this.blocks = Array.from({ length: blocks }, (_, i) => new Block(width, `block ${i}`));
  }

  override forward(x: tf.Tensor): tf.Tensor {
    return this.blocks.reduce((value, block) => block.call(value), x);
  }
}

export function normal(shape: readonly number[], key: string): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(randomStream(7, key).normal(size), [...shape]);
}

export const sumOfSquares = (outputs: unknown): tf.Tensor => tf.sum(tf.square(outputs as tf.Tensor));

export function attached(model: Module<never, unknown>, plugins: readonly (Plugin | readonly Plugin[])[]): Stack {
  return attach<unknown>(model, [...plugins], { loss: sumOfSquares, optimizer: sgd({ learningRate: 1e-5 }) });
}

/** The parameters' values after some steps, read as numbers. */
export async function trained(stack: Stack, batch: Batch, steps = 2): Promise<Map<string, number[]>> {
  for (let i = 0; i < steps; i++) await (await stack.step(batch)).loss;
  const values = new Map<string, number[]>();
  for (const [name, parameter] of stack.namedParameters()) values.set(name, [...(await parameter.variable.data())]);
  return values;
}
