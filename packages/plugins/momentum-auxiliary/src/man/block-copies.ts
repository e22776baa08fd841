import { checkpoint, type Module, type Parameter, type PluginContext, type RandomStream } from '@tapgrad/core';
import { type BlockModule, cloneModule, DepthwiseConv2d, initializers } from '@tapgrad/nn';
import { add, fill, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Cut } from '../base/partition.ts';
import { momentumUpdate } from './math.ts';
import type { CheckedMomentumAuxiliaryOptions } from './options.ts';

type AnyBlock = Module<[x: Tensor, ...rest: unknown[]], Tensor>;

/**
 * Two copies of the block after a cut, both run on what arrives there: one learns with the part before the cut (the
 * "learnable bias"), the other is a moving average of the block itself, through which gradients pass and which gets none.
 */
export class BlockCopies {
  readonly learnable: AnyBlock;
  readonly average: AnyBlock;

  constructor(
    context: PluginContext<unknown>,
    number: number,
    private readonly cut: Cut,
    private readonly options: Pick<CheckedMomentumAuxiliaryOptions, 'momentum' | 'variant' | 'recompute'>,
  ) {
    const copy = (name: string): AnyBlock => {
      const made = cloneModule(cut.block.module) as unknown as AnyBlock;
      if (options.variant === 'reference-code') startAtRandom(made, context.random(`${name}-${number}`));
      return context.addModule(`${name}-${number}`, made);
    };
    this.learnable = copy('learnable').unfreeze();
    this.average = copy('average').freeze();
  }

  /** LB(x) + EMA(x). */
  call(x: Tensor, rest: readonly unknown[], training: boolean): Tensor {
    this.learnable.train(training);
    // Its batch norms always use the batch's statistics: running ones are not averaged.
    this.average.train(true);
    const run = (block: AnyBlock) => {
      const f = (value: Tensor) => block.call(value, ...rest);
      return this.options.recompute ? checkpoint(f, x) : f(x);
    };
    return tidy(() => add(run(this.learnable), run(this.average)));
  }

  /** One step of the average, with the block's weights as they are. Buffers are left alone. */
  update(): void {
    const source = (this.cut.block.module as BlockModule).namedParameters();
    for (const [name, parameter] of this.average.namedParameters()) {
      const live = source.get(name) as Parameter;
      tidy(() => parameter.assign(momentumUpdate(parameter.variable, live.variable, this.options.momentum)));
    }
  }
}

/** As a residual network starts: weights normal with variance 2 / fan-out, scales 1, shifts 0. */
function startAtRandom(block: BlockModule, random: RandomStream): void {
  const draw = initializers.kaimingNormal({ mode: 'out' });
  const modules = block.namedModules();
  for (const [name, parameter] of block.namedParameters()) {
    const { shape } = parameter;
    const owner: unknown = modules.get(name.replace(/\.?[^.]+$/, ''));
    const fans = owner instanceof DepthwiseConv2d ? initializers.depthwiseFans(shape) : initializers.fansOf(shape);
    tidy(() => {
      const vector = () => fill([...shape], name.endsWith('weight') ? 1 : 0);
      parameter.assign(shape.length > 1 ? draw(shape, random, fans) : vector());
    });
  }
}
