import type { Batch } from '@tapgrad/core';
import { type DataType, fill, Tensor } from '@tensorflow/tfjs-core';

/** What must be known of a tensor that is not there. */
export interface TensorDescription {
  readonly shape: readonly number[];
  /** Default float32. */
  readonly dtype?: DataType;
}

/** A batch in which descriptions may stand for tensors, at any depth. */
export type BatchDescription = Omit<Batch, 'inputs'> & {
  readonly inputs: Tensor | TensorDescription | readonly unknown[];
};

/** The batch with a tensor of the current backend for each tensor or description, and how to dispose those. */
export function madeBatch(description: BatchDescription): { readonly batch: Batch; dispose(): void } {
  const made = new Map<object, Tensor>();
  const of = (each: Tensor | TensorDescription): Tensor => {
    const tensor = made.get(each) ?? fill([...each.shape], 0, (each.dtype ?? 'float32') as 'float32');
    made.set(each, tensor);
    return tensor;
  };
  const replaced = (value: unknown): unknown => {
    if (value instanceof Tensor || isDescription(value)) return of(value);
    if (Array.isArray(value)) return value.map(replaced);
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, replaced(each)]));
  };
  return {
    batch: replaced(description) as Batch,
    dispose() {
      for (const each of made.values()) each.dispose();
    },
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isDescription(value: unknown): value is TensorDescription {
  return isRecord(value) && Array.isArray(value.shape) && value.shape.every((length) => Number.isInteger(length));
}
