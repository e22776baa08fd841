import type { Tensor } from '@tensorflow/tfjs-core';
import { TapgradError } from '../errors.ts';
import { sameShape } from '../rules/broadcast.ts';
import type { BufferTensor, Parameter } from './parameter.ts';

/** Assigns values by name, after every one of them was checked. */
export function loadInto(
  targets: ReadonlyMap<string, Parameter | BufferTensor>,
  state: ReadonlyMap<string, Tensor>,
  strict: boolean,
): void {
  const missing = [...targets.keys()].filter((name) => !state.has(name));
  const unexpected = [...state.keys()].filter((name) => !targets.has(name));
  const differing: string[] = [];
  for (const [name, target] of targets) {
    const value = state.get(name);
    if (value && !sameShape(value.shape, target.shape)) {
      differing.push(`${name} is [${target.shape}], the state has [${value.shape}]`);
    }
  }
  const wrong = [
    ...(strict && missing.length > 0 ? [`missing: ${some(missing)}`] : []),
    ...(strict && unexpected.length > 0 ? [`unexpected: ${some(unexpected)}`] : []),
    ...(differing.length > 0 ? [`of another shape: ${some(differing)}`] : []),
  ];
  if (wrong.length > 0) {
    throw new TapgradError({
      code: 'STATE_MISMATCH',
      message: `the state does not fit the model; ${wrong.join('; ')}`,
      fix: 'load a state saved from a model of the same configuration, or pass { strict: false } to load what fits by name',
    });
  }
  for (const [name, target] of targets) {
    const value = state.get(name);
    if (value) target.assign(value);
  }
}

function some(names: readonly string[]): string {
  return names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`;
}
