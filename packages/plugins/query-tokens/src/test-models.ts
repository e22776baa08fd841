import {
  attach,
  type Batch,
  type Module,
  type Parameter,
  type Plugin,
  randomStream,
  type Stack,
  TapgradError,
} from '@tapgrad/core';
import { crossEntropy, TextEncoder, type TextEncoderOptions, VisionTransformer } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';

/** Models, batches and stacks for this package's tests. */
export type TestModel = Module<never, Tensor>;
export type TestBatch = Batch & { readonly inputs: Tensor; readonly targets: Tensor };

const sizes = { width: 8, heads: 2, layers: 2, hidden: 12, classes: 3 } as const;

/** Images `[batch, 4, 4, 1]` by patches of 2 pixels: 4 tokens and a class token. */
export function tinyVision(
  options: Partial<ConstructorParameters<typeof VisionTransformer>[0]> = {},
): VisionTransformer {
  const random = randomStream(5, 'vision');
  return scatter(new VisionTransformer({ ...sizes, imageSize: 4, patchSize: 2, channels: 1, random, ...options }));
}

export function tinyText(options: Partial<TextEncoderOptions> = {}): TextEncoder {
  const random = randomStream(5, 'text');
  return scatter(new TextEncoder({ ...sizes, vocabularySize: 20, maxTokens: 8, random, ...options }));
}

/** Values that a trained model might have: initial ones are so small that everything is nearly linear. */
export function scatter<M extends Module<never, unknown>>(model: M): M {
  for (const [name, parameter] of model.namedParameters()) {
    const centre = /norm[^.]*\.weight$/.test(name) ? 1 : 0;
    const values = randomStream(6, name).normal(parameter.size, centre, 0.3);
    tidy(() => parameter.assign(tensor(values, [...parameter.shape])));
  }
  return model;
}

export function images(batch = 3, side = 4): TestBatch {
  return { inputs: randomTensor([batch, side, side, 1], 7), targets: labels(batch) };
}

/** Token ids `[batch, tokens]` of growing length, padded with -1. */
export function texts(batch = 3, tokens = 5): TestBatch {
  const random = randomStream(9, 'texts');
  const ids = Int32Array.from({ length: batch * tokens }, (_, i) =>
    i % tokens < tokens - 2 + Math.min(2, Math.floor(i / tokens)) ? random.integer(20) : -1,
  );
  return { inputs: tensor(ids, [batch, tokens], 'int32'), targets: labels(batch) };
}

function labels(batch: number): Tensor {
  return tensor(
    Int32Array.from({ length: batch }, (_, i) => i % 3),
    [batch],
    'int32',
  );
}

export function disposeBatch({ inputs, targets }: TestBatch): void {
  inputs.dispose();
  targets.dispose();
}

export function randomTensor(shape: readonly number[], seed = 1, deviation = 1): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tensor(randomStream(seed, 'test').normal(size, 0, deviation), [...shape]);
}

/** Gives every parameter that trains a value far from special ones. */
export function scatterTrained(stack: Stack<Tensor>, deviation = 0.4): void {
  for (const [index, parameter] of [...stack.trainableParameters().values()].entries()) {
    tidy(() => parameter.assign(randomTensor(parameter.shape, 50 + index, deviation)));
  }
}

/** Runs `f` with other values in place of the parameters'. */
export function withValues<T>(parameters: readonly Parameter[], values: readonly Tensor[], f: () => T): T {
  const before = parameters.map(({ onRead }) => onRead);
  for (const [i, parameter] of parameters.entries()) parameter.onRead = () => values[i] as Tensor;
  try {
    return f();
  } finally {
    for (const [i, parameter] of parameters.entries()) parameter.onRead = before[i];
  }
}

/** A stack with an optimizer; `release` takes both away. */
export function trainer(model: TestModel, plugins: readonly Plugin[]): { stack: Stack<Tensor>; release(): void } {
  const optimizer = adamw({ learningRate: 1e-2 });
  const stack = attach(model, plugins, { loss: crossEntropy, optimizer });
  return {
    stack,
    release() {
      stack.detach();
      optimizer.dispose();
    },
  };
}

export async function losses(stack: Stack<Tensor>, batch: Batch, steps: number): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < steps; i++) all.push(await (await stack.step(batch)).loss);
  return all;
}

export const valuesOf = (tensors: ReadonlyMap<string, Tensor>) =>
  [...tensors].map(([name, each]) => [name, ...each.dataSync()] as const);

/** Code of the error that `f` throws, which must say what to do. */
export function codeOf(f: () => unknown): string | undefined {
  try {
    f();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(TapgradError);
    expect((thrown as TapgradError).fix).toBeTruthy();
    return (thrown as TapgradError).code;
  }
  return undefined;
}
