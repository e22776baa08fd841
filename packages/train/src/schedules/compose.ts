import { constant } from './decay.ts';
import { progress, type Schedule } from './schedule.ts';

/**
 * A straight line from `from` to 1 over `steps` updates, then another schedule, which counts from its own beginning. The
 * first update has 1/steps of the way done, so that it is not without effect.
 */
export function warmup(
  steps: number,
  then: Schedule = constant(),
  { from = 0 }: { readonly from?: number } = {},
): Schedule {
  return sequence([steps, ({ step }) => from + (1 - from) * Math.min((step + 1) / steps, 1)], then);
}

/** One schedule after the other: each but the last with its length in steps. */
export function sequence(
  ...phases: readonly [...(readonly [steps: number, schedule: Schedule])[], Schedule]
): Schedule {
  const last = phases.at(-1) as Schedule;
  const before = phases.slice(0, -1) as (readonly [number, Schedule])[];
  return ({ step, steps }) => {
    let begun = 0;
    for (const [length, schedule] of before) {
      if (step < begun + length) return schedule({ step: step - begun, steps: length });
      begun += length;
    }
    return last({ step: step - begun, steps: steps === undefined ? undefined : steps - begun });
  };
}

/** The product of schedules. */
export function product(...schedules: readonly Schedule[]): Schedule {
  return (at) => schedules.reduce((factor, schedule) => factor * schedule(at), 1);
}

export interface OneCycleOptions {
  /** Share of the run in which the rate rises; default 0.3. */
  readonly rise?: number;
  /** First factor; default 1/25. */
  readonly from?: number;
  /** Last factor; default `from`/10,000. */
  readonly to?: number;
  readonly steps?: number;
}

/** Up along a cosine and down along another (Smith and Topin 2018), with PyTorch's defaults and its end on the last step. */
export function oneCycle({ rise = 0.3, from = 1 / 25, to = from / 1e4, steps }: OneCycleOptions = {}): Schedule {
  const between = (start: number, end: number, share: number) =>
    end + ((start - end) * (1 + Math.cos(Math.PI * share))) / 2;
  return (at) => {
    const length = steps ?? at.steps;
    const done = progress(
      { step: at.step, steps: length === undefined ? undefined : length - 1 },
      undefined,
      'oneCycle',
    );
    const top = length === undefined || length < 2 ? rise : (rise * length - 1) / (length - 1);
    return done <= top ? between(from, 1, top <= 0 ? 1 : done / top) : between(1, to, (done - top) / (1 - top));
  };
}
