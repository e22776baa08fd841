import { type Batch, currentRandom, dropout, linear, Module, Parameter, randomStream, type Stack } from '@tapgrad/core';
import { mean, square, sub, type Tensor, tanh, tensor } from '@tensorflow/tfjs-core';

export class Dense extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inputs: number, outputs: number, seed: number) {
    super();
    this.weight = new Parameter(
      tensor(randomStream(seed, 'weight').normal(inputs * outputs, 0, 0.5), [inputs, outputs]),
    );
    this.bias = new Parameter(tensor(randomStream(seed, 'bias').normal(outputs, 0, 0.1), [outputs]));
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.weight.read(), this.bias.read());
  }
}

/** Two dense layers with dropout between them. */
export class Mlp extends Module {
  readonly layers: readonly Dense[];

  constructor(
    private readonly rate = 0,
    width = 8,
  ) {
    super();
    this.layers = [new Dense(3, width, 1), new Dense(width, 2, 2)];
  }

  forward(x: Tensor): Tensor {
    const [first, second] = this.layers as [Dense, Dense];
    const hidden = tanh(first.call(x));
    return second.call(this.rate > 0 && this.training ? dropout(hidden, this.rate, currentRandom(this.path)) : hidden);
  }
}

export function meanSquaredError(outputs: Tensor, batch: Batch): Tensor {
  return mean(square(sub(outputs, batch.targets as Tensor)));
}

/** `samples` points of a smooth function of three numbers. The caller owns the tensors. */
export function sampleData(samples = 20): { inputs: Tensor; targets: Tensor } {
  const x = randomStream(5, 'inputs').normal(samples * 3);
  const y = new Float32Array(samples * 2);
  for (let i = 0; i < samples; i++) {
    y[2 * i] = Math.sin(x[3 * i] as number);
    y[2 * i + 1] = (x[3 * i + 1] as number) * 0.5;
  }
  return { inputs: tensor(x, [samples, 3]), targets: tensor(y, [samples, 2]) };
}

/** Every number of the stack's tensors, by name, for comparisons bit for bit. */
export function numbersOf(stack: Stack<never>): Record<string, number[]> {
  return Object.fromEntries([...stack.state().tensors].map(([name, each]) => [name, [...each.dataSync()]]));
}

/** A store of checkpoints that lives as long as the test. */
export function memoryStore() {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    async read(name: string) {
      return files.get(name) as Uint8Array;
    },
    async write(name: string, bytes: Uint8Array) {
      files.set(name, bytes.slice());
    },
    async remove(name: string) {
      files.delete(name);
    },
    async list() {
      return [...files.keys()];
    },
  };
}
