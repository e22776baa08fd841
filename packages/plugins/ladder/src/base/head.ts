import { Module, type PluginContext, type RandomStream, TapgradError } from '@tapgrad/core';
import { type Linear, MeanPool, Linear as NewLinear } from '@tapgrad/nn';
import { reshape, slice, type Tensor } from '@tensorflow/tfjs-core';

export type Pooling = 'mean' | 'first';

/** One vector a sample out of `[batch, tokens, width]`: the mean over real tokens, or the first token. */
export class TokenPool extends Module<[features: Tensor, mask: Tensor | undefined]> {
  readonly mean = new MeanPool();

  constructor(readonly pooling: Pooling) {
    super();
  }

  override forward(features: Tensor, mask: Tensor | undefined): Tensor {
    if (this.pooling === 'mean') return this.mean.call(features, mask);
    const [batch, , width] = features.shape as [number, number, number];
    return reshape(slice(features, [0, 0, 0], [batch, 1, width]), [batch, width]);
  }
}

/** A new classifier: features `[batch, tokens, width]` to logits `[batch, classes]`. Others find its linear layer by its name. */
export class Classifier extends Module<[features: Tensor, mask: Tensor | undefined]> {
  readonly pool: TokenPool;
  readonly classifier: Linear;

  constructor(width: number, classes: number, pooling: Pooling, random: RandomStream) {
    super();
    this.pool = new TokenPool(pooling);
    this.classifier = new NewLinear(width, classes, { random });
  }

  override forward(features: Tensor, mask: Tensor | undefined): Tensor {
    return this.classifier.call(this.pool.call(features, mask));
  }
}

/**
 * The model's own head must be there if its input is to be replaced.
 * @throws TapgradError LADDER_HEAD
 */
export function mustHave<O>({ model }: PluginContext<O>, at: string): void {
  if (model.namedModules().has(at)) return;
  throw new TapgradError({
    code: 'LADDER_HEAD',
    message: `the model has no module ${at} whose input could be replaced`,
    fix: 'name it with `at`, or ask for a new classifier with `head: { classes }`',
  });
}

/**
 * Whether the module `at` takes one vector a sample, `[batch, width]`, and not the features of tokens.
 * @throws TapgradError LADDER_HEAD
 */
export function takesOneVector({ rank, shape }: Tensor, at: string): boolean {
  if (rank === 2 || rank === 3) return rank === 2;
  throw new TapgradError({
    code: 'LADDER_HEAD',
    message: `the input of ${at} has shape [${shape}], not [batch, tokens, width] or [batch, width]`,
    fix: 'let `at` name the module that takes the features of tokens, or their pooled vector',
  });
}
