import { type LossContext, type LossTerms, type PluginContext, TapgradError } from '@tapgrad/core';
import { klDivergence } from '@tapgrad/nn';
import { mul, Tensor } from '@tensorflow/tfjs-core';
import type { CheckedLadderOptions } from './options.ts';

/** Adds the loss term `distillation`: KL of the ladder's logits from those of the backbone by itself (LST, optional). */
export class FrozenTeacher {
  /** True while the backbone runs by itself. */
  asked = false;

  constructor(
    private readonly context: PluginContext<CheckedLadderOptions>,
    measuring: () => boolean,
  ) {
    context.hooks.loss.tap((terms, loss) => (measuring() ? undefined : this.withTerm(terms, loss)));
  }

  private withTerm(terms: LossTerms, { batch, outputs, forward }: LossContext): LossTerms {
    const { distillation, distillationTemperature: temperature } = this.context.options;
    const inputs = batch.inputs instanceof Tensor ? [batch.inputs] : batch.inputs;
    const taught = this.logits(() => forward(...inputs));
    if (!(outputs instanceof Tensor) || !(taught instanceof Tensor) || outputs.shape.join() !== taught.shape.join()) {
      throw new TapgradError({
        code: 'LADDER_LOGITS',
        message: 'the backbone by itself does not give logits of the shape that it gives with its ladder',
        fix: 'distil with `head: "upsample"` on a model that returns one tensor of logits, or set distillation to 0',
      });
    }
    return { ...terms, distillation: mul(klDivergence(outputs, taught, { temperature }), distillation) };
  }

  /** In evaluation mode, without a tape and without a random draw. */
  private logits(forward: () => unknown): unknown {
    const modes = [...this.context.model.namedModules().values()].map((module) => [module, module.training] as const);
    for (const [module] of modes) module.training = false;
    this.asked = true;
    try {
      return this.context.shadow(forward);
    } finally {
      this.asked = false;
      for (const [module, training] of modes) module.training = training;
    }
  }
}
