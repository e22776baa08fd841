import { BufferTensor, currentPhase, Module, type Parameter, untaped } from '@tapgrad/core';
import { add, fill, mul, type Tensor } from '@tensorflow/tfjs-core';
import { initialParameter } from '../initializers/build.ts';
import { ones, zeros } from '../initializers/initializers.ts';
import { batchNormFixed, batchNormTraining } from './batch-norm-op.ts';
import { checkSizes } from './options.ts';

/** Makes every BatchNorm2d of a model keep and use its running statistics in training, or no longer. */
export function freezeStatistics(model: Module<never, unknown>, frozen = true): void {
  for (const module of model.namedModules().values()) {
    const layer: unknown = module;
    if (layer instanceof BatchNorm2d) layer.frozenStatistics = frozen;
  }
}

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
  /** Share of the batch's statistics in each update of the running ones. Default 0.1. */
  readonly momentum?: number;
  /** Normalise with the running statistics in training too, and leave them as they are. Default false. */
  readonly frozenStatistics?: boolean;
}

/**
 * Batch normalisation per channel (Ioffe & Szegedy 2015): `[batch, height, width, channels]` to the same shape.
 * In training it uses the statistics of the batch and updates `runningMean` and `runningVar` (the unbiased variance,
 * as PyTorch does); in evaluation, or with `frozenStatistics`, it uses the running ones.
 */
export class BatchNorm2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly runningMean: BufferTensor;
  readonly runningVar: BufferTensor;
  readonly epsilon: number;
  readonly momentum: number;
  frozenStatistics: boolean;

  constructor(
    readonly channels: number,
    { epsilon = 1e-5, momentum = 0.1, frozenStatistics = false }: BatchNormOptions = {},
  ) {
    super();
    checkSizes('BatchNorm2d', { channels });
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.frozenStatistics = frozenStatistics;
    this.weight = initialParameter([channels], ones);
    this.bias = initialParameter([channels], zeros);
    this.runningMean = new BufferTensor({ shape: [channels], make: () => fill([channels], 0) });
    this.runningVar = new BufferTensor({ shape: [channels], make: () => fill([channels], 1) });
  }

  override forward(x: Tensor): Tensor {
    const { epsilon } = this;
    const [weight, bias] = [this.weight.read(), this.bias.read()];
    if (!this.training || this.frozenStatistics) {
      return batchNormFixed(
        { x, weight, bias, mean: this.runningMean.read(), variance: this.runningVar.read() },
        { epsilon },
      );
    }
    const count = x.size / this.channels;
    return batchNormTraining(
      { x, weight, bias },
      { epsilon, onStatistics: (mean, variance) => this.update(mean, variance, count) },
    );
  }

  /** Only in a first forward: a segment that is run again for its gradient has counted already. */
  private update(mean: Tensor, variance: Tensor, count: number): void {
    if (currentPhase() !== 'forward') return;
    untaped(() => {
      const unbiased = mul(variance, count / Math.max(1, count - 1));
      this.mixInto(this.runningMean, mean);
      this.mixInto(this.runningVar, unbiased);
    });
  }

  private mixInto(running: BufferTensor, batch: Tensor): void {
    running.assign(add(mul(running.variable, 1 - this.momentum), mul(batch, this.momentum)));
  }
}
