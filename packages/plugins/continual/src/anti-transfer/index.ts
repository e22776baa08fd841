import { definePlugin, type LossContext } from '@tapgrad/core';
import { addN, mul } from '@tensorflow/tfjs-core';
import { FeatureTaps, pairsOf } from '../base/feature-taps.ts';
import { FrozenNetwork } from './frozen-network.ts';
import { similarity, slicePlaces } from './math.ts';
import { type AntiTransferOptions, antiTransferOptions, type CheckedAntiTransferOptions } from './options.ts';

/**
 * Anti-transfer (Guizzo, Weyde, Tarroni 2020, arXiv:2006.06494): the features of the model at chosen points are kept unlike those
 * of a frozen network that learned another task, so that they say nothing of what that task is about.
 * @throws TapgradError at attach: TAP_UNMATCHED, ALREADY_ATTACHED; in a step: FEATURES_KIND, FEATURES_MISSING, FEATURES_DIFFER
 */
export const antiTransfer = definePlugin<AntiTransferOptions, CheckedAntiTransferOptions>({
  name: 'anti-transfer',
  version: '0.0.0',
  reads: ['batch:samples'],
  transforms: ['loss:penalty'],
  options: antiTransferOptions,
  apply(context) {
    const { hooks, name, options } = context;
    const { aggregation, beta, distance, variant } = options;
    if (beta === 0) return;
    const patterns = [options.at].flat();
    const network = new FrozenNetwork(options.network, patterns);
    network.check();
    const features = new FeatureTaps(context, patterns);
    const factor = variant === 'reference-code' && distance === 'cos-squared' ? beta ** 2 : beta;
    hooks.loss.tap((terms, { batch, mode, microBatch }: LossContext) => {
      if (mode === 'evaluate') return undefined;
      const own = features.student();
      const inputs = Array.isArray(batch.inputs) ? batch.inputs : [batch.inputs];
      const likenesses = pairsOf(own, network.features(inputs)).map(([at, a, b]) => {
        const start = context.random('slice', at, microBatch).integer(slicePlaces(a));
        return similarity(a, b, { aggregation, distance, start });
      });
      return { ...terms, [name]: mul(addN(likenesses), factor) };
    });
    return { dispose: () => network.dispose() };
  },
});
