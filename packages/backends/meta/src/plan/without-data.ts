import type { Module } from '@tapgrad/core';
import { fill, type Variable, variable } from '@tensorflow/tfjs-core';

/**
 * Gives every parameter and buffer of a model a variable of the current backend, with its shape and no value of its own.
 * What is returned puts their own back, on whatever backend they live, or none where none was made yet.
 */
export function withoutData(model: Module<never, unknown>): () => void {
  const restore: (() => void)[] = [];
  for (const each of [...model.namedParameters().values(), ...model.namedBuffers().values()]) {
    const own = each.exchange(described(each.shape, each.dtype));
    restore.push(() => each.exchange(own)?.dispose());
  }
  return () => {
    for (const undo of restore) undo();
  };
}

function described(shape: readonly number[], dtype: Variable['dtype']): Variable {
  const value = fill([...shape], 0, dtype as 'float32');
  const made = variable(value, false);
  value.dispose();
  return made;
}
