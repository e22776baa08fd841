import { definePlugin, detach, type ForwardPass, type LifeCycleContext, TapgradError } from '@tapgrad/core';
import { clone, concat, mul, Tensor } from '@tensorflow/tfjs-core';
import { arrivingClasses } from '../base/arrival.ts';
import { findHead, headsBefore, withoutHeads } from '../base/head.ts';
import { replaceHead } from '../base/replace-head.ts';
import { cosines, prototypeLoss, supervisedContrast } from './math.ts';
import { type CheckedPrdOptions, type PrdOptions, prdOptions } from './options.ts';
import { descendAlone } from './own-descent.ts';
import { Projection } from './projection.ts';
import { Prototypes } from './prototypes.ts';
import { Relations } from './relations.ts';
import { doubleBatches } from './two-views.ts';

/** What is saved beside parameters and teacher. */
interface PrdState {
  readonly sizes: readonly number[];
  readonly taught: number;
}

const otherHeads = ['growing-head', 'lingocl'].map((plugin) => ({
  plugin,
  why: 'prd predicts by its prototypes, so that another head would not be reached',
}));

/**
 * PRD (Asadi et al. 2023, arXiv:2303.14771): features are learned by a supervised contrastive loss of two views, each class has
 * a prototype that is drawn to its features, and old prototypes keep their relations to the samples of the new task: those
 * that the model had when the last task ended. No sample is kept.
 *
 * The features are the input of the model's last linear layer. From the first task on the model gives the cosines of features
 * and prototypes, `[batch, classes]`, in training and evaluation; in training the loss terms `contrast`, `prototypes` and
 * `relations` stand in the place of `task`. Targets are int32 labels `[batch]`.
 * @throws TapgradError at attach: HEAD_UNKNOWN, HEAD_MISSING, HEAD_AMBIGUOUS, HEAD_TAKEN; at the beginning of a task:
 * HEAD_CLASSES; in a step: OUTPUT_KIND, PRD_TARGETS, PRD_FEATURES
 */
export const prd = definePlugin<PrdOptions, CheckedPrdOptions>({
  name: 'prd',
  version: '0.0.0',
  // Replayed samples get two views as those of the batch do.
  after: [...headsBefore, 'er?'],
  conflicts: [
    ...withoutHeads,
    ...otherHeads,
    { plugin: 'si', why: 'si measures the gradient of the task’s loss, in whose place prd has terms of its own' },
  ],
  reads: ['weights:task-end', 'output:model'],
  transforms: ['batch:samples', 'output:model'],
  options: prdOptions,
  apply(context) {
    const { options, hooks } = context;
    const head = findHead(context, options.head);
    const projection = context.addModule(
      'projection',
      new Projection(head.width, options.projection, context.random('projection')),
    );
    const prototypes = new Prototypes(context, head.width);
    const relations = new Relations(prototypes, options, context);
    const acts = () => prototypes.classes > 0;
    let seen: { readonly pass: ForwardPass; readonly features: Tensor } | undefined;

    doubleBatches(context, acts);
    if (options.prototypes !== 'optimizer') {
      descendAlone(context, `${context.name}/prototypes.`, options.prototypes.learningRate);
    }
    replaceHead(context, head, 'prototypes.', (features) => {
      if (!acts()) return undefined;
      relations.see(features);
      const pass = context.pass();
      // Of several forwards in one pass the first is that of the batch.
      if (pass && pass !== seen?.pass) seen = { pass, features: pass.scope.run(() => clone(features)) };
      return cosines(features, concat(prototypes.read(), 0));
    });
    hooks.loss.tap((terms, { mode, batch }) => {
      if (mode === 'evaluate' || !acts()) return undefined;
      const features = seen?.pass === context.pass() ? seen?.features : undefined;
      seen = undefined;
      if (!features) throw withoutFeatures(head.path);
      const labels = labelsOf(batch.targets);
      const { task: _, ...others } = terms;
      return {
        ...others,
        contrast: supervisedContrast(projection.call(features), labels, options.contrastTemperature),
        prototypes: mul(options.prototypeWeight, ofCurrentTask(features, labels)),
        ...(relations.tasks > 0 && {
          relations: mul(options.distillationWeight, relations.distillation(features, batch.inputs)),
        }),
      };
    });
    hooks.task.begin.tap(({ task, resumed }: LifeCycleContext) => {
      // The state that is loaded next says which prototypes there are.
      if (!task || resumed === true) return;
      const { length } = arrivingClasses(task, prototypes.classes);
      if (length > 0) prototypes.add(length);
    });
    hooks.task.end.tap(() => {
      if (acts()) relations.take();
    });
    return {
      saveState: () => ({
        json: { sizes: prototypes.sizes, taught: relations.tasks } satisfies PrdState,
        tensors: relations.teacher.tensors(),
      }),
      reshape: (json) => prototypes.reshape((json as PrdState).sizes),
      loadState({ json, tensors }) {
        relations.teacher.load(tensors);
        relations.tasks = (json as PrdState).taught;
      },
    };

    /** Of the newest prototypes alone: the others move with the relations. */
    function ofCurrentTask(features: Tensor, labels: Tensor): Tensor {
      const newest = prototypes.read().at(-1) as Tensor;
      const first = prototypes.classes - (newest.shape[0] as number);
      return prototypeLoss(detach(features), newest, labels, first);
    }
  },
});

function labelsOf(targets: unknown): Tensor {
  if (targets instanceof Tensor && targets.rank === 1 && targets.dtype === 'int32') return targets;
  const found = targets instanceof Tensor ? `${targets.dtype} of shape [${targets.shape}]` : `a ${typeof targets}`;
  throw new TapgradError({
    code: 'PRD_TARGETS',
    message: `the batch's targets are ${found}, and the contrastive loss needs int32 labels [batch]`,
    fix: 'give each sample the number of its class',
  });
}

function withoutFeatures(path: string): TapgradError {
  return new TapgradError({
    code: 'PRD_FEATURES',
    message: `the forward of the batch did not run ${path}, whose input are the features`,
    fix: 'let `head` name the linear layer that every forward ends with',
  });
}
