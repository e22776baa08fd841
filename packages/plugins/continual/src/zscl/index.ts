import { definePlugin, type LossContext, type PluginContext, pathMatcher, untaped } from '@tapgrad/core';
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { Anchors } from '../base/anchors.ts';
import { classifierHeads } from '../base/conflicts.ts';
import { CachingTeacher } from './caching-teacher.ts';
import { type Embedded, referenceLosses, squaredDistance } from './math.ts';
import { type CheckedZsclOptions, type ZsclOptions, zsclOptions } from './options.ts';
import { embeddedOf, referenceOf, textsOf } from './reference.ts';

export type { ReferenceBatch, ReferenceSource, ZsclOptions } from './options.ts';

/**
 * ZSCL in feature space (Zheng et al. 2023, arXiv:2303.06628): while an image-text model is fine-tuned for one task after the
 * other, unlabelled reference images and texts keep the similarities that the model gave them at first. Its averaging in weight
 * space is the plugin `weight-averaging`.
 *
 * The model gives `{ image: [batch, width], text: [texts, width], scale }` for images and texts, as `DualEncoder` of
 * `@tapgrad/nn` does.
 * @throws TapgradError in forward: OUTPUT_KIND, REFERENCE_DATA
 */
export const zscl = definePlugin<ZsclOptions, CheckedZsclOptions>({
  name: 'zscl',
  version: '0.0.0',
  conflicts: classifierHeads,
  reads: ['head:model', 'weights:task-end'],
  transforms: ['loss:penalty'],
  options: zsclOptions,
  apply(context) {
    const { options, hooks } = context;
    const teacher = new CachingTeacher(context);
    const start = new Anchors(context);
    const distils = options.imageWeight > 0 || options.textWeight > 0;
    const begin = (newTask: boolean) => {
      if (distils && (!teacher.exists || (newTask && options.teacher === 'task'))) teacher.take();
      if (options.l2 > 0 && (newTask || start.all.size === 0)) start.take(context.trainableParameters());
    };
    hooks.task.begin.tap(() => begin(true));
    // Where nobody tells of tasks, all is one.
    hooks.step.begin.tap(() => begin(false));
    if (!options.trainScale) {
      const isScale = pathMatcher(options.logitScale);
      context.filterTrainable((name) => (isScale(name) ? false : undefined));
    }
    hooks.loss.tap((terms, pass) => {
      if (pass.mode !== 'train') return terms;
      const made: Record<string, Tensor> = { ...terms };
      if (distils) Object.assign(made, distilled(context, teacher, pass));
      if (start.all.size > 0)
        made['zscl.l2'] = mul(squaredDistance(context.trainableParameters(), start.all), options.l2);
      return made;
    });
    return {
      saveState: () => ({ tensors: new Map([...teacher.tensors(), ...start.tensors('start/')]) }),
      loadState({ tensors }) {
        teacher.load(tensors);
        start.load(tensors, 'start/');
      },
      dispose() {
        teacher.forget();
        start.clear();
      },
    };
  },
});

/** The terms of feature space. */
function distilled(
  { options, random }: PluginContext<CheckedZsclOptions>,
  teacher: CachingTeacher,
  pass: LossContext,
): Record<string, Tensor> {
  const own = embeddedOf(pass.outputs);
  const { temperature, textTower, imageWeight, textWeight } = options;
  const reference = untaped(() => referenceOf(options.reference, pass, random('reference', pass.microBatch)));
  const known = teacher.embed(reference);
  const trainsTexts = textTower && textWeight > 0;
  // With the text tower apart, its side needs no student's images.
  const needsImages = imageWeight > 0 || !trainsTexts;
  const images = needsImages && !reference.imagesOfBatch ? reference.images : undefined;
  const texts = trainsTexts && !reference.textsOfBatch ? untaped(() => textsOf(reference)) : undefined;
  const extra = images || texts ? embeddedOf(pass.forward(images, texts)) : own;
  const student: Embedded = {
    image: images ? extra.image : own.image,
    text: texts ? extra.text : own.text,
    scale: extra.scale,
  };
  const losses = referenceLosses(known, student, { temperature, textTower });
  return {
    ...(imageWeight > 0 && { 'zscl.image': mul(losses.image(), imageWeight) }),
    ...(textWeight > 0 && { 'zscl.text': mul(losses.text(), textWeight) }),
  };
}
