import { definePlugin } from '@tapgrad/core';
import { mul } from '@tensorflow/tfjs-core';
import { joinForward } from './joint-forward.ts';
import { type CheckedDerOptions, type DerOptions, derOptions } from './options.ts';
import { distanceToStored, keepLogits, replay } from './replayed-logits.ts';

/**
 * Dark experience replay (Buzzega et al. 2020, arXiv:2004.07211): for samples of the memory the model's logits are held near
 * those that it gave when the samples entered. Adds the loss term `der`, alpha · mean (f(x′) − z′)².
 * @throws TapgradError PLUGIN_UNKNOWN at attach without `memory`; OUTPUT_KIND, REPLAY_LOGITS, REPLAY_SHAPES in a step
 */
export const der = definePlugin<DerOptions, CheckedDerOptions>({
  name: 'der',
  version: '0.0.0',
  after: ['memory'],
  reads: ['memory'],
  transforms: ['loss:penalty'],
  options: derOptions,
  apply(context) {
    const { hooks, model, options } = context;
    if (options.alpha === 0) return undefined;
    const joined = options.forward === 'joint' ? joinForward(context, options, 1) : undefined;
    hooks.loss.tap((terms, loss) => {
      if (loss.mode !== 'train') return undefined;
      const replayed = joined ? joined(0) : replay(context, loss, options);
      return replayed && { ...terms, der: mul(distanceToStored(replayed), options.alpha) };
    });
    return { dispose: keepLogits(model) };
  },
});
