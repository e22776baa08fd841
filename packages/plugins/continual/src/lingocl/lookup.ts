import { TapgradError } from '@tapgrad/core';
import { type ClassVectorSource, type ClassVectors, checked, parseClassVectors } from './class-vectors.ts';

/** The targets of a class by its name. */
export type ClassVectorLookup = (
  className: string,
) => readonly (readonly number[])[] | Promise<readonly (readonly number[])[]>;

/**
 * Makes a source a function of the class name. A file is read at once.
 * @throws TapgradError CLASS_VECTORS_INVALID; from the function: CLASS_NAME_UNKNOWN, which names the class
 */
export function classVectorLookup(source: ClassVectorSource): ClassVectorLookup {
  if (typeof source === 'function') {
    return async (name) => {
      const found = await source(name);
      if (found === undefined) throw unknown(name, 'the function that was given has none');
      return checked(name, found);
    };
  }
  const vectors = tableOf(source);
  return (name) => {
    const found = vectors.get(name);
    if (found) return found;
    const known = [...vectors.keys()].slice(0, 8).join(', ');
    throw unknown(name, `there are ${vectors.size}${known === '' ? '' : `: ${known}`}${vectors.size > 8 ? ', …' : ''}`);
  };
}

function tableOf(source: Exclude<ClassVectorSource, (...given: never[]) => unknown>): ClassVectors {
  if (typeof source === 'string' || source instanceof Uint8Array || source instanceof ArrayBuffer) {
    return parseClassVectors(source);
  }
  const entries = source instanceof Map ? [...(source as ClassVectors)] : Object.entries(source);
  return new Map(entries.map(([name, value]) => [name, checked(name, value)]));
}

function unknown(name: string, known: string): TapgradError {
  return new TapgradError({
    code: 'CLASS_NAME_UNKNOWN',
    message: `there is no vector for the class named ${name}: ${known}`,
    fix: 'add it to the file, for example with encodeClassNames, or correct the name',
  });
}
