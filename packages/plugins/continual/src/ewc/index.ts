import { definePlugin, type PluginContext } from '@tapgrad/core';
import { addN, mul, type Tensor } from '@tensorflow/tfjs-core';
import { lossesOfTheirOwn } from '../base/conflicts.ts';
import { taskOf } from '../base/task-of.ts';
import { ElasticWeights } from './elastic-weights.ts';
import { fisherOf } from './fisher.ts';
import {
  type CheckedEwcOptions,
  type CheckedOnlineEwcOptions,
  type EwcOptions,
  ewcOptions,
  type FisherOptions,
  type OnlineEwcOptions,
  onlineEwcOptions,
} from './options.ts';

const declaration = {
  version: '0.0.0',
  conflicts: lossesOfTheirOwn,
  reads: ['weights:task-end', 'head:model'],
  transforms: ['loss:penalty'],
} as const;

/**
 * Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv:1612.00796): each parameter is pulled back to where each
 * earlier task left it, as hard as the Fisher information of that task says. One importance and one anchor for each
 * parameter and task.
 * @throws TapgradError at the end of a task: TASK_MISSING, TASK_EMPTY; in a step: PARAMETER_RESHAPED
 */
export const ewc = definePlugin<EwcOptions, CheckedEwcOptions>({
  ...declaration,
  name: 'ewc',
  options: ewcOptions,
  apply(context) {
    const { hooks, options } = context;
    if (options.lambda === 0) return;
    const tasks: ElasticWeights[] = [];
    const fisher = estimator(options, 'batch-mean');
    hooks.task.end.tap(async (ended) => {
      const importance = await fisherOf(context, taskOf(ended), fisher);
      const weights = new ElasticWeights(context);
      weights.consolidate(context.parameters(), importance, 0);
      tasks.push(weights);
    });
    addPenalty(context, () => tasks.flatMap((weights) => weights.penalty(context.parameters()) ?? []));
    const dispose = () => {
      for (const weights of tasks.splice(0)) weights.dispose();
    };
    return {
      dispose,
      saveState: () => ({
        json: { tasks: tasks.length },
        tensors: new Map(tasks.flatMap((weights, i) => [...weights.tensors(`${i}/`)])),
      }),
      loadState({ json, tensors }) {
        dispose();
        for (let i = 0; i < (json as { tasks: number }).tasks; i++) {
          tasks.push(new ElasticWeights(context));
          tasks[i]?.load(tensors, `${i}/`);
        }
      },
    };
  },
});

/**
 * Online EWC (Schwarz et al. 2018, arXiv:1805.06370): one importance for each parameter, which decays from task to task, and
 * one anchor, where the last task left it.
 * @throws TapgradError at the end of a task: TASK_MISSING, TASK_EMPTY; there and in a step: PARAMETER_RESHAPED
 */
export const onlineEwc = definePlugin<OnlineEwcOptions, CheckedOnlineEwcOptions>({
  ...declaration,
  name: 'online-ewc',
  options: onlineEwcOptions,
  apply(context) {
    const { hooks, options } = context;
    if (options.lambda === 0) return;
    const weights = new ElasticWeights(context);
    const fisher = estimator(options, 'weighted');
    hooks.task.end.tap(async (ended) => {
      const importance = await fisherOf(context, taskOf(ended), fisher);
      weights.consolidate(context.parameters(), importance, options.gamma);
    });
    addPenalty(context, () => [weights.penalty(context.parameters())].flatMap((each) => each ?? []));
    return {
      saveState: () => ({ tensors: weights.tensors('') }),
      loadState: ({ tensors }) => weights.load(tensors, ''),
      dispose: () => weights.dispose(),
    };
  },
});

/** @param ofCode what the released code does: Avalanche for EWC, Mammoth for online EWC */
function estimator(options: CheckedEwcOptions, ofCode: FisherOptions['fisher']): FisherOptions {
  return { ...options, fisher: options.fisher ?? (options.variant === 'paper' ? 'per-sample' : ofCode) };
}

function addPenalty({ hooks, name, options }: PluginContext<CheckedEwcOptions>, penalties: () => Tensor[]): void {
  const factor = options.lambda * ((options.half ?? options.variant === 'paper') ? 0.5 : 1);
  hooks.loss.tap((terms, { mode }) => {
    if (mode === 'evaluate') return undefined;
    const all = penalties();
    return all.length > 0 ? { ...terms, [name]: mul(addN(all), factor) } : undefined;
  });
}
