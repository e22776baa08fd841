import { definePlugin } from '@tapgrad/core';
import { Averager } from './averager.ts';
import { type CheckedWeightAveragingOptions, type WeightAveragingOptions, weightAveragingOptions } from './options.ts';

export type { WeightAveragingOptions } from './options.ts';

/**
 * Averages the weights on the way through a task, and ends the task with the average: the weight-space half of ZSCL (Zheng et
 * al. 2023, arXiv:2303.06628), an exponential mean, or WiSE-FT (Wortsman et al. 2022, arXiv:2109.01903).
 *
 * Averaged is what is stored of every parameter that trains, and the model's running statistics. It needs to be told of tasks.
 */
export const weightAveraging = definePlugin<WeightAveragingOptions, CheckedWeightAveragingOptions>({
  name: 'weight-averaging',
  version: '0.0.0',
  // Heads grow before the average of a task begins.
  reads: ['head:model'],
  transforms: ['weights:task-end'],
  options: weightAveragingOptions,
  apply(context) {
    const { hooks, options } = context;
    const averager = new Averager(context);
    const whileRunning = (f: () => void) => () => {
      if (averager.running) f();
    };
    hooks.task.begin.tap(() => averager.begin());
    hooks.update.before.tap(whileRunning(() => averager.beforeUpdate()));
    hooks.update.after.tap(whileRunning(() => averager.afterUpdate()));
    hooks.task.end.tap(whileRunning(() => averager.end()));
    if (options.evaluate === 'average') {
      hooks.evaluate.begin.tap(whileRunning(() => averager.stepIn()));
      hooks.evaluate.end.tap(whileRunning(() => averager.stepBack()));
      // After an evaluation whose end failed, training goes on with its own weights.
      hooks.step.begin.tap(whileRunning(() => averager.stepBack()));
    }
    return {
      saveState: () => ({ tensors: averager.tensors(), json: averager.json() }),
      loadState({ tensors, json }) {
        averager.load(tensors, json as ReturnType<Averager['json']>);
      },
      dispose: () => averager.dispose(),
    };
  },
});
