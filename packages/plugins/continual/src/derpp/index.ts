import { definePlugin } from '@tapgrad/core';
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { joinForward } from '../der/joint-forward.ts';
import { distanceToStored, keepLogits, replay } from '../der/replayed-logits.ts';
import { type CheckedDerppOptions, type DerppOptions, derppOptions } from './options.ts';

/**
 * Dark experience replay++ (Buzzega et al. 2020, arXiv:2004.07211, equation 6): beside the logits of one batch of the memory,
 * the labels of another. Adds the loss terms `derpp:logits`, alpha · mean (f(x′) − z′)², and `derpp:labels`, beta · loss(f(x″), y″).
 * @throws TapgradError PLUGIN_UNKNOWN at attach without `memory`; OUTPUT_KIND, REPLAY_LOGITS, REPLAY_SHAPES in a step
 */
export const derpp = definePlugin<DerppOptions, CheckedDerppOptions>({
  name: 'derpp',
  version: '0.0.0',
  after: ['memory'],
  reads: ['memory'],
  transforms: ['loss:penalty'],
  conflicts: [{ plugin: 'der', why: 'its term is one of the two of derpp' }],
  options: derppOptions,
  apply(context) {
    const { hooks, model, options } = context;
    const { alpha, beta, variant } = options;
    const draws = variant === 'paper' ? 2 : 1;
    const joined = options.forward === 'joint' && alpha + beta > 0 ? joinForward(context, options, draws) : undefined;
    hooks.loss.tap((terms, loss) => {
      if (loss.mode !== 'train') return undefined;
      const added: Record<string, Tensor> = {};
      const first = alpha > 0 || variant === 'reference-code' ? replayed(0) : undefined;
      if (first && alpha > 0) added['derpp:logits'] = mul(distanceToStored(first), alpha);
      const second = beta > 0 ? (variant === 'paper' ? replayed(1) : first) : undefined;
      if (second) added['derpp:labels'] = mul(loss.taskLoss(second.outputs, second.batch), beta);
      return { ...terms, ...added };

      function replayed(draw: number) {
        if (joined) return joined(draw);
        return alpha + beta === 0 ? undefined : replay(context, loss, options, draw);
      }
    });
    return { dispose: alpha > 0 ? keepLogits(model) : () => {} };
  },
});
