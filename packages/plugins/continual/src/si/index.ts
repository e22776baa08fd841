import { definePlugin, type GradientMap } from '@tapgrad/core';
import { mul } from '@tensorflow/tfjs-core';
import { lossesOfTheirOwn } from '../base/conflicts.ts';
import { clipped } from './math.ts';
import { type CheckedSiOptions, type SiOptions, siOptions } from './options.ts';
import { Path } from './path.ts';

/**
 * Synaptic intelligence (Zenke, Poole, Ganguli 2017, arXiv:1703.04200): a parameter is pulled back to where the last task
 * left it, as hard as its moves lowered the losses of the tasks so far. The path integral takes the gradient of the task's
 * loss alone.
 * @throws TapgradError in a step: SI_TASK_GRADIENT; there and at the end of a task: PARAMETER_RESHAPED
 */
export const si = definePlugin<SiOptions, CheckedSiOptions>({
  name: 'si',
  version: '0.0.0',
  conflicts: [
    ...lossesOfTheirOwn,
    {
      plugin: 'weight-averaging',
      why: 'the path integral is that of the weights that the optimizer moved, and the penalty would hold averaged ones',
    },
  ],
  reads: ['weights:task-end', 'head:model'],
  transforms: ['loss:penalty'],
  options: siOptions,
  apply(context) {
    const { hooks, name, options } = context;
    if (options.c === 0) return;
    const path = new Path(context);
    let ofTask: GradientMap | undefined;
    hooks.loss.keepApart('task');
    hooks.loss.tap((terms, { mode }) => {
      const penalty = mode === 'train' ? path.penalty() : undefined;
      return penalty && { ...terms, [name]: mul(penalty, options.c) };
    });
    hooks.gradients.step.tap((gradients, { byTerm }) => {
      ofTask = byTerm.get('task');
      if (options.variant === 'paper') return undefined;
      return new Map([...gradients].map(([parameter, gradient]) => [parameter, clipped(gradient)]));
    });
    hooks.update.before.tap(() => path.leave(ofTask));
    hooks.update.after.tap(() => path.arrive());
    hooks.step.end.tap(() => {
      ofTask = undefined;
      path.forgetStep();
    });
    hooks.task.end.tap(() => path.consolidate());
    return {
      saveState: () => ({ tensors: path.tensors() }),
      loadState: ({ tensors }) => path.load(tensors),
      dispose: () => path.dispose(),
    };
  },
});
