import { definePlugin, TapgradError } from '@tapgrad/core';
import { lossesOfTheirOwn } from '../base/conflicts.ts';
import { phaseUpdates } from './math.ts';
import {
  type CheckedFpfOptions,
  type CheckedKFpfOptions,
  type FpfOptions,
  fpfOptions,
  type KFpfOptions,
  kFpfOptions,
} from './options.ts';
import { Refresher } from './refresher.ts';

export type { FpfOptions, KFpfOptions } from './options.ts';
export { type Phase, type RefreshReport, refreshReport } from './report.ts';
export type { SensitivityReport } from './sensitivity.ts';

const declared = {
  version: '0.0.0',
  after: ['memory', 'weight-averaging?'],
  conflicts: lossesOfTheirOwn,
  reads: ['memory', 'head:model'],
  transforms: ['weights:task-end'],
} as const;

/**
 * Forgetting prioritised finetuning (Zhao et al. 2023, arXiv:2304.04158): behind the last task, or each, only the parts of the
 * model that change most from task to task are trained on the memory, by an optimizer of their own. Beside any method.
 * @throws TapgradError FPF_TASKS when a task begins and the number of tasks is not known; FPF_SELECTION
 */
export const fpf = definePlugin<FpfOptions, CheckedFpfOptions>({
  name: 'fpf',
  ...declared,
  options: fpfOptions,
  apply(context) {
    const { hooks, options } = context;
    const refresher = new Refresher(context);
    hooks.task.begin.tap(({ task }) => {
      if (options.at === 'each' || !task || task.count !== undefined) return;
      throw new TapgradError({
        code: 'FPF_TASKS',
        message: 'which task is the last is not known',
        fix: "give each task its count, or fpf({ at: 'each' })",
      });
    });
    hooks.task.end.tap(async ({ task }) => {
      if (!task || (options.at === 'last' && task.index + 1 !== task.count)) return;
      await refresher.refresh({ task: task.index });
      refresher.renew({ task: task.index });
    });
    return refresher.instance({ json: () => undefined, load: () => undefined });
  },
});

/** Updates of a run: the one before its first, and how many there are. */
interface Schedule {
  readonly start: number;
  readonly total: number;
}

/**
 * k-FPF (the same paper): plain training fills the memory only; k times, equally spaced in updates and wherever tasks end, the
 * parts that change most are trained on it. With `alpha` above 0 it is k-FPF-KD, which matches kept logits too.
 * @throws TapgradError FPF_SCHEDULE at the first step of a run whose length is not known; FPF_SELECTION
 */
export const kFpf = definePlugin<KFpfOptions, CheckedKFpfOptions>({
  name: 'k-fpf',
  ...declared,
  options: kFpfOptions,
  apply(context) {
    const { hooks, options, step } = context;
    const refresher = new Refresher(context);
    let schedule: Schedule | undefined;
    hooks.train.begin.tap(({ steps, resumed }) => {
      if (typeof steps !== 'number' || (resumed && schedule)) return;
      schedule = { start: resumed ? 0 : step(), total: steps };
    });
    hooks.step.begin.tap(() => {
      if (schedule || options.every !== undefined) return;
      throw new TapgradError({
        code: 'FPF_SCHEDULE',
        message: `nobody said how many updates there will be, so that ${options.k} phases cannot be spaced`,
        fix: 'train with a trainer that knows its length, tell it by stack.begin("train", { steps }), or give kFpf({ every })',
      });
    });
    hooks.step.end.tap(async (told) => {
      // The end of a step that failed is told too.
      if (step() === told.step) return;
      if (isDue(step(), schedule, options)) await refresher.refresh();
    });
    return refresher.instance({
      json: () => schedule ?? null,
      load: (saved: Schedule | null) => {
        schedule = saved ?? undefined;
      },
    });
  },
});

function isDue(updates: number, schedule: Schedule | undefined, { every, k }: CheckedKFpfOptions): boolean {
  if (every !== undefined) return updates % every === 0;
  return schedule !== undefined && phaseUpdates(schedule.total, k).includes(updates - schedule.start);
}
