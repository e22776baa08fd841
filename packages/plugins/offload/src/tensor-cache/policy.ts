import { pathMatcher, TapgradError } from '@tapgrad/core';

/** What happens to the values that a module saves. */
export type Strategy = 'keep' | 'offload' | 'recompute';

export interface PolicyGlobs {
  readonly keep: readonly string[];
  readonly offload?: readonly string[] | undefined;
  readonly recompute: readonly string[];
}

export interface Policy {
  /** For what a module of this path saves. */
  strategyOf(path: string): 'keep' | 'offload';
  /** Paths of the modules to run again, none inside another. */
  readonly recomputed: readonly string[];
}

/**
 * The nearest module around a saved value that a glob names decides; where several name it, keep comes before recompute, and
 * recompute before offload. A module that is run again saves its inputs alone, as the modules around it do.
 * @throws TapgradError `OFFLOAD_UNMATCHED` for a glob that names no module
 */
export function policyOf(globs: PolicyGlobs, paths: readonly string[]): Policy {
  const matchers = (['keep', 'recompute', 'offload'] as const).map(
    (strategy) => [strategy, (globs[strategy] ?? []).map((glob) => namedBy(glob, paths))] as const,
  );
  const named = (path: string): Strategy | undefined =>
    matchers.find(([, matches]) => matches.some((each) => each(path)))?.[0];
  const otherwise = globs.offload ? 'keep' : 'offload';
  const known = new Map<string, 'keep' | 'offload'>();
  const strategyOf = (path: string): 'keep' | 'offload' => {
    const before = known.get(path);
    if (before) return before;
    const found = around(path)
      .map(named)
      .find((each) => each && each !== 'recompute');
    const strategy = (found as 'keep' | 'offload' | undefined) ?? otherwise;
    known.set(path, strategy);
    return strategy;
  };
  const again = paths.filter((path) => named(path) === 'recompute');
  const recomputed = again.filter(
    (path) =>
      !around(path)
        .slice(1)
        .some((outer) => again.includes(outer)),
  );
  return { strategyOf, recomputed };
}

/** The path, and those of the modules around it, nearest first; the model's own is last. */
function around(path: string): string[] {
  const plugin = path.indexOf('/');
  const start = path.slice(0, plugin + 1);
  const names = path.slice(plugin + 1).split('.');
  const found = path === '' ? [] : names.map((_, i) => start + names.slice(0, names.length - i).join('.'));
  return [...found, ''];
}

function namedBy(glob: string, paths: readonly string[]): (path: string) => boolean {
  const matches = pathMatcher(glob);
  if (paths.some(matches)) return matches;
  const some = paths.filter((path) => path !== '').slice(0, 6);
  throw new TapgradError({
    code: 'OFFLOAD_UNMATCHED',
    message: `no module matches ${glob}`,
    fix: `use paths of the model, for example ${some.join(', ')}`,
  });
}
