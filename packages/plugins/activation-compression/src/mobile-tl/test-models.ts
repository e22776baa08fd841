import { type Batch, Module, randomStream } from '@tapgrad/core';
import { InvertedResidual, Linear } from '@tapgrad/nn';
import { mean, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

export type TestBatch = Batch & { inputs: Tensor; targets: Tensor };

/** Inverted residuals `blocks.*` that keep channels and resolution, and a `classifier`. */
export class InvertedResiduals extends Module {
  readonly blocks: readonly InvertedResidual[];
  readonly classifier: Linear;

  constructor(channels = 4, expansion = 2, count = 3) {
    super();
    const random = randomStream(5, 'inverted residuals');
    const options = { stride: 1, expansion, padding: 1, epsilon: 1e-5, random } as const;
    this.blocks = Array.from(
      { length: count },
      () => new InvertedResidual({ ...options, inChannels: channels, outChannels: channels }),
    );
    this.classifier = new Linear(channels, 3, { random });
    for (const [name, parameter] of this.namedParameters()) {
      // Wide enough that ReLU6 meets its upper bound.
      const [centre, deviation] = name.endsWith('norm.weight') ? [3, 1] : [0, 0.5];
      tidy(() => parameter.assign(tensor(random.normal(parameter.size, centre, deviation), [...parameter.shape])));
    }
  }

  override forward(x: Tensor): Tensor {
    const features = this.blocks.reduce((value, block) => block.call(value), x);
    return this.classifier.call(mean(features, [1, 2]));
  }
}

/** Images `[samples, size, size, channels]` and labels. The caller disposes them. */
export function imageBatch(channels = 4, size = 4, samples = 3): TestBatch {
  const values = randomStream(9, 'images').normal(samples * size * size * channels);
  const targets = Int32Array.from({ length: samples }, (_, i) => i % 3);
  return {
    inputs: tensor(values, [samples, size, size, channels]),
    targets: tensor(targets, [samples], 'int32'),
  };
}

export function disposeBatch({ inputs, targets }: TestBatch): void {
  inputs.dispose();
  targets.dispose();
}
