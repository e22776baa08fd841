import type { Stack, StackJson, StackState } from '@tapgrad/core';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';

/** Numbers by name, copied from the device. */
export type Values = ReadonlyMap<string, ArrayLike<number>>;

/** A copy of the values of named tensors. */
export async function valuesOf(tensors: ReadonlyMap<string, Tensor>): Promise<Values> {
  const entries = [...tensors].map(async ([name, each]) => [name, (await each.data()).slice()] as const);
  return new Map(await Promise.all(entries));
}

/** Every value in a nest of tensors, lists and records. */
export async function valuesIn(value: unknown): Promise<Values> {
  const found = new Map<string, Tensor>();
  const visit = (each: unknown, path: string): void => {
    if (isTensor(each)) found.set(path, each);
    else if (each && typeof each === 'object') {
      const entries: Iterable<[unknown, unknown]> = each instanceof Map ? each : Object.entries(each);
      for (const [key, inner] of entries) visit(inner, `${path}.${key}`);
    }
  };
  visit(value, 'output');
  return valuesOf(found);
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dataId' in value;
}

/** What differs first between two sets of values that should be the same bits; undefined if nothing does. */
export function firstDifference(actual: Values, expected: Values): string | undefined {
  for (const [name, values] of expected) {
    const found = actual.get(name);
    if (!found) return `${name} is missing`;
    if (found.length !== values.length) return `${name} has ${found.length} elements, expected ${values.length}`;
    for (let i = 0; i < values.length; i++) {
      if (!Object.is(found[i], values[i])) return `${name}, element ${i}, is ${found[i]}, expected ${values[i]}`;
    }
  }
  const extra = [...actual.keys()].find((name) => !expected.has(name));
  return extra === undefined ? undefined : `${extra} should not be there`;
}

/** ‖a - b‖ / ‖b‖ over all values; 0 if both are empty. */
export function relativeDistance(a: Values, b: Values): number {
  let [difference, norm] = [0, 0];
  for (const [name, values] of b) {
    const others = a.get(name);
    for (let i = 0; i < values.length; i++) {
      difference += ((others?.[i] ?? 0) - values[i]!) ** 2;
      norm += values[i]! ** 2;
    }
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}

/** A state as a checkpoint would hold it: nothing in it is shared with the stack. */
export interface StoredState {
  readonly values: Values;
  readonly json: StackJson;
  readonly shapes: ReadonlyMap<
    string,
    { readonly shape: readonly number[]; readonly dtype: 'float32' | 'int32' | 'bool' }
  >;
}

export async function storedState(stack: Stack): Promise<StoredState> {
  const { tensors, json } = stack.state();
  const shapes = new Map(
    [...tensors].map(([name, { shape, dtype }]) => [name, { shape, dtype: dtype as 'float32' | 'int32' | 'bool' }]),
  );
  return { values: await valuesOf(tensors), json: JSON.parse(JSON.stringify(json)) as StackJson, shapes };
}

/** Loads a stored state, with other values for some names. */
export function loadStored(stack: Stack, stored: StoredState, replaced: Values = new Map()): void {
  const { values, json, shapes } = stored;
  const tensors = new Map<string, Tensor>();
  for (const [name, each] of values) {
    const { shape, dtype } = shapes.get(name)!;
    tensors.set(name, tensor(Array.from(replaced.get(name) ?? each), [...shape], dtype));
  }
  const state: StackState = { tensors, json };
  try {
    stack.loadState(state);
  } finally {
    for (const each of tensors.values()) each.dispose();
  }
}
