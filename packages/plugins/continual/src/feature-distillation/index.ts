import { definePlugin } from '@tapgrad/core';
import { addN, mul } from '@tensorflow/tfjs-core';
import { FeatureTaps, pairsOf } from '../base/feature-taps.ts';
import { broughtClassifiers, headsBefore } from '../base/head.ts';
import { lastLinear } from '../base/last-linear.ts';
import { Teacher } from '../base/teacher.ts';
import { featureDistance } from './math.ts';
import {
  type CheckedFeatureDistillationOptions,
  type FeatureDistillationOptions,
  featureDistillationOptions,
} from './options.ts';

/**
 * Feature distillation: what passes some tap points is held to what passes there in the model as it was at the end of the last
 * task. It needs neither classes nor labels.
 * @throws TapgradError at attach: NO_LINEAR, TAP_UNMATCHED; in a step: FEATURES_KIND, FEATURES_MISSING, FEATURES_DIFFER
 */
export const featureDistillation = definePlugin<FeatureDistillationOptions, CheckedFeatureDistillationOptions>({
  name: 'feature-distillation',
  version: '0.0.0',
  after: headsBefore,
  reads: ['weights:task-end', 'output:model', 'batch:samples'],
  transforms: ['loss:penalty'],
  options: featureDistillationOptions,
  apply(context) {
    const { hooks, model, modules, name, options } = context;
    if (options.alpha === 0) return;
    const at = options.at ?? `${broughtClassifiers(modules())[0] ?? lastLinear(model)}:input`;
    const features = new FeatureTaps(context, [at].flat());
    const teacher = new Teacher(context, { training: options.variant === 'reference-code' });
    hooks.task.end.tap(() => teacher.take());
    hooks.loss.tap((terms, { batch, mode }) => {
      if (mode === 'evaluate' || !teacher.exists) return undefined;
      const student = features.student();
      const taught = features.during(() => teacher.predict(batch.inputs));
      const distances = pairsOf(student, taught).map(([, a, b]) => featureDistance(a, b, options.distance));
      return { ...terms, [name]: mul(addN(distances), options.alpha) };
    });
    return {
      saveState: () => ({ tensors: teacher.tensors() }),
      loadState: ({ tensors }) => teacher.load(tensors),
    };
  },
});
