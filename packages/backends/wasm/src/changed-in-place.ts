import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap } from './heap.ts';

/** Buffers that an own kernel has written into. */
const changed = new WeakSet<object>();

export function markChanged({ dataId }: TensorInfo): void {
  changed.add(dataId);
}

/**
 * Runs `use` with inputs that tfjs's XNNPACK kernels may keep: they pack filter and bias once for each buffer, and would go
 * on with the values of before where a buffer is written in place. Such inputs are copied for the time of the call.
 */
export function withUnchangedInputs<Inputs extends object, T>(
  heap: Heap,
  inputs: Inputs,
  use: (inputs: Inputs) => T,
): T {
  const copies: TensorInfo[] = [];
  const entries = Object.entries(inputs).map(([name, input]: [string, TensorInfo | null | undefined]) => {
    if (!input || !changed.has(input.dataId)) return [name, input] as const;
    const copy = heap.output(input.shape, input.dtype);
    heap.view(copy).set(heap.view(input));
    copies.push(copy);
    return [name, copy] as const;
  });
  try {
    return use(copies.length > 0 ? (Object.fromEntries(entries) as Inputs) : inputs);
  } finally {
    for (const copy of copies) heap.free(copy);
  }
}
