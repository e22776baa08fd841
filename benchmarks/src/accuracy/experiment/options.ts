import { InvalidArgumentError } from 'commander';
import type { Output } from '../../report.ts';

export interface ExperimentOptions extends Output {
  readonly seeds: readonly number[];
  /** Only these methods. */
  readonly methods?: readonly string[];
  /** Keep what `out` says of the other methods. */
  readonly add: boolean;
  /** Pretrained weights, where an experiment has its own. */
  readonly model: string;
}

/** The methods with these names, all without; in the experiment's own order. */
export function chosen<Method extends { readonly name: string }>(
  all: readonly Method[],
  names: readonly string[] | undefined,
): readonly Method[] {
  const known = all.map(({ name }) => name);
  const stranger = names?.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new InvalidArgumentError(`no method "${stranger}"; there are ${known.join(', ')}`);
  return all.filter(({ name }) => names?.includes(name) ?? true);
}

/** `1,2,3` */
export function seedList(text: string): number[] {
  return names(text).map((each) => {
    const seed = Number(each);
    if (!Number.isSafeInteger(seed) || seed < 0) throw new InvalidArgumentError('expected whole numbers from 0');
    return seed;
  });
}

export function names(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}
