import { type Parameter, pathMatcher, TapgradError } from '@tapgrad/core';
import type { Group } from './groups.ts';
import { highest } from './math.ts';
import type { Selection } from './options.ts';

/**
 * The parameters to refresh, among those that train now.
 * @param changes of the groups, for `byScore`; without them all that trains is possible yet
 * @throws TapgradError FPF_SELECTION if there is none
 */
export function selected(
  select: Selection,
  groups: readonly Group[],
  training: ReadonlyMap<string, Parameter>,
  changes?: Readonly<Record<string, number>>,
): Map<string, Parameter> {
  const among = (chosen: readonly Group[]) => {
    const names = new Set(chosen.flatMap(({ states }) => [...states.keys()]));
    return new Map([...training].filter(([name]) => names.has(name)));
  };
  const found = new Map<string, Parameter>();
  if ('byName' in select) {
    const matchers = [select.byName].flat().map((glob) => pathMatcher(glob));
    for (const [name, each] of training) if (matchers.some((matches) => matches(name))) found.set(name, each);
  } else {
    const possible = groups.filter(({ states }) => [...states.keys()].some((name) => training.has(name)));
    const chosen =
      'byType' in select
        ? possible.filter(({ type }) => select.byType.includes(type as never))
        : byScore(select, possible, changes);
    for (const [name, each] of among(chosen)) found.set(name, each);
  }
  if (found.size > 0) return found;
  throw new TapgradError({
    code: 'FPF_SELECTION',
    message: `no parameter that trains is selected by ${JSON.stringify(select)}`,
    fix: `select some of: ${[...training.keys()].slice(0, 8).join(', ')}${training.size > 8 ? ', …' : ''}`,
  });
}

function byScore(
  { byScore: by }: Extract<Selection, { byScore: unknown }>,
  groups: readonly Group[],
  changes: Readonly<Record<string, number>> | undefined,
): readonly Group[] {
  if (!changes) return groups;
  const scores = groups.flatMap(({ name }) => (changes[name] === undefined ? [] : [[name, changes[name]] as const]));
  const chosen = new Set(highest(Object.fromEntries(scores), by));
  return groups.filter(({ name }) => chosen.has(name));
}
