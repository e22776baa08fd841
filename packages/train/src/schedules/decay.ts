import { progress, type Schedule } from './schedule.ts';

export interface DecayOptions {
  /** Factor at the end; default 0. */
  readonly to?: number;
  /** Length; default: that of the run, or of the phase it is in. */
  readonly steps?: number;
}

/** The learning rate as it is. */
export function constant(factor = 1): Schedule {
  return () => factor;
}

/** Half a cosine from 1 down to `to` (Loshchilov and Hutter 2017, eq. 5, without restarts). */
export function cosine({ to = 0, steps }: DecayOptions = {}): Schedule {
  return (at) => to + ((1 - to) * (1 + Math.cos(Math.PI * progress(at, steps, 'cosine')))) / 2;
}

/** A straight line from 1 to `to`. */
export function linear(options: DecayOptions = {}): Schedule {
  return polynomial({ ...options, power: 1 });
}

/** (1 − progress)^power from 1 down to `to`. */
export function polynomial({ to = 0, steps, power }: DecayOptions & { readonly power: number }): Schedule {
  return (at) => to + (1 - to) * (1 - progress(at, steps, power === 1 ? 'linear' : 'polynomial')) ** power;
}

/** Multiplied with `factor` after every so many steps, or at each of the steps named. */
export function stepped({
  every,
  factor,
}: {
  readonly every: number | readonly number[];
  readonly factor: number;
}): Schedule {
  if (typeof every === 'number') return ({ step }) => factor ** Math.floor(step / every);
  return ({ step }) => factor ** every.filter((milestone) => step >= milestone).length;
}
