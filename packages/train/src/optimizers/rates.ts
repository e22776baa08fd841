import { pathMatcher } from '@tapgrad/core';
import { checkOptions } from './options.ts';

/** Factors of the learning rate by glob over parameter names, for example `{ 'head.**': 10 }`. The first that matches counts. */
export type RateFactors = Readonly<Record<string, number>>;

/** Throws BAD_OPTION for a negative factor. */
export function rateFactors(optimizer: string, factors: RateFactors = {}): (name: string) => number {
  const entries = Object.entries(factors);
  checkOptions(optimizer, Object.fromEntries(entries.map(([glob, value]) => [`rates['${glob}']`, { value }])));
  const matchers = entries.map(([glob, factor]) => [pathMatcher(glob), factor] as const);
  const known = new Map<string, number>();
  return (name) => {
    let factor = known.get(name);
    if (factor === undefined) {
      factor = matchers.find(([matches]) => matches(name))?.[1] ?? 1;
      known.set(name, factor);
    }
    return factor;
  };
}
