import { TapgradError } from '@tapgrad/core';

/** Where in a run, or in a phase of a composed schedule, a step stands. */
export interface ScheduleStep {
  /** From 0. */
  readonly step: number;
  /** Steps in all; undefined where nobody knows. */
  readonly steps: number | undefined;
}

/** Gives the factor of the optimizer's learning rate at a step. */
export type Schedule = (at: ScheduleStep) => number;

/** Share of the schedule that is done: 0 at the first step, 1 from its end on. */
export function progress({ step, steps }: ScheduleStep, own: number | undefined, schedule: string): number {
  const length = own ?? steps;
  if (length === undefined) {
    throw new TapgradError({
      code: 'SCHEDULE_LENGTH',
      message: `${schedule}() does not know how many steps the run has`,
      fix: `give the Trainer { steps }, or data that tells its length, or ${schedule}({ steps })`,
    });
  }
  return length <= 0 ? 1 : Math.min(step / length, 1);
}
