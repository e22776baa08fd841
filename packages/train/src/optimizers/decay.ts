import { type Parameter, pathMatcher } from '@tapgrad/core';

/** Which parameters weight decay pulls to zero: globs over parameter names (`**.weight`, `ladder/**`), or a function. */
export type DecayFilter = string | readonly string[] | ((name: string, parameter: Parameter) => boolean);

/**
 * Biases, scales of norms and gates have one axis or none; decaying them only costs accuracy (He et al. 2019,
 * "Bag of Tricks", 3.1). So by default a parameter decays if it has two axes or more.
 */
export function decayFilter(filter?: DecayFilter): (name: string, parameter: Parameter) => boolean {
  if (filter === undefined) return (_, parameter) => parameter.shape.length > 1;
  if (typeof filter === 'function') return filter;
  const matchers = (typeof filter === 'string' ? [filter] : filter).map(pathMatcher);
  return (name) => matchers.some((matches) => matches(name));
}
