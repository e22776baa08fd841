import { type Batch, disposeBatch } from '@tapgrad/core';
import { concat, type Tensor, tidy } from '@tensorflow/tfjs-core';

import { mapTensors, rowsOf } from '../data/tensor-batches.ts';

/** What becomes of the inputs of a domain; undefined: nothing. */
export type Transform = ((inputs: Batch['inputs']) => Batch['inputs']) | undefined;

/**
 * A batch with its inputs, and those before augmentation, as the domains of its samples have them. It takes the batch over:
 * what is not in the result is disposed.
 * @param tasks of each sample
 */
export function transformed(batch: Batch, tasks: Int32Array, transforms: readonly Transform[]): Batch {
  const { inputs, unaugmented, ...side } = batch;
  const made = (of: Batch['inputs']) => tidy(() => byDomain(of, tasks, transforms) as never) as Batch['inputs'];
  let result: Batch;
  try {
    result = {
      inputs: made(inputs),
      ...(unaugmented !== undefined && { unaugmented: made(unaugmented as Batch['inputs']) }),
      ...side,
    };
  } catch (thrown) {
    disposeBatch(batch);
    throw thrown;
  }
  const kept = new Set(tensorsIn(result));
  for (const tensor of tensorsIn(batch)) if (!kept.has(tensor)) tensor.dispose();
  return result;
}

function byDomain(inputs: Batch['inputs'], tasks: Int32Array, transforms: readonly Transform[]): Batch['inputs'] {
  const present = [...new Set(tasks)];
  const apply = (task: number, of: Batch['inputs']) => transforms[task]?.(of) ?? of;
  if (present.length === 1) return apply(present[0] as number, inputs);
  const places = present.map((task) => Int32Array.from([...tasks.keys()].filter((place) => tasks[place] === task)));
  const parts = present.map((task, i) => apply(task, rowsOf(inputs, places[i] as Int32Array)));
  // Sample number i of the batch is where it came to stand in the parts.
  const order = new Int32Array(tasks.length);
  for (const [stands, place] of places.flatMap((each) => [...each]).entries()) order[place] = stands;
  return rowsOf(concatenated(parts) as Batch['inputs'], order);
}

/** Structures that are alike, as one: tensors are joined along their first axis. */
function concatenated(parts: readonly unknown[]): unknown {
  const [first] = parts;
  const columns = parts.map((part) => tensorsIn(part));
  let next = 0;
  return mapTensors(first, () => {
    const own = columns.map((tensors) => tensors[next] as Tensor);
    next++;
    return concat(own, 0);
  });
}

function tensorsIn(value: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(value, (tensor) => {
    found.push(tensor);
    return tensor;
  });
  return found;
}
