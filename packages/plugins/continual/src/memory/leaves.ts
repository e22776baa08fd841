import type { Batch } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';

/** Tensors by their place in a batch: `inputs`, `inputs/#1` of a list, `targets/spans` of a record. */
export type Leaves = ReadonlyMap<string, Tensor>;

/** Every tensor in a batch. */
export function leavesOf(batch: Batch): Map<string, Tensor> {
  const found = new Map<string, Tensor>();
  mapLeaves(batch, (tensor, path) => {
    found.set(path, tensor);
    return tensor;
  });
  return found;
}

/** The same lists and plain records with every tensor replaced. */
export function mapLeaves(value: unknown, f: (tensor: Tensor, path: string) => unknown, path = ''): unknown {
  const below = (segment: string) => (path === '' ? segment : `${path}/${segment}`);
  if (value instanceof Tensor) return f(value, path);
  if (Array.isArray(value)) return value.map((each, i) => mapLeaves(each, f, below(`#${i}`)));
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, each]) => [key, mapLeaves(each, f, below(encodeURIComponent(key)))]));
  }
  return value;
}

/** The batch whose tensors these are. */
export function batchFrom(leaves: Leaves): Batch {
  const root: Record<string, unknown> = {};
  for (const [path, tensor] of leaves) place(root, path.split('/'), tensor);
  return root as unknown as Batch;
}

function place(into: Record<string, unknown> | unknown[], [segment = '', ...rest]: string[], tensor: Tensor): void {
  const key = segment.startsWith('#') ? segment.slice(1) : decodeURIComponent(segment);
  const node = into as Record<string, unknown>;
  if (rest.length === 0) {
    node[key] = tensor;
    return;
  }
  node[key] ??= rest[0]?.startsWith('#') ? [] : {};
  place(node[key] as Record<string, unknown>, rest, tensor);
}

/** The name in the batch under which a tensor stands. */
export function topOf(path: string): string {
  return decodeURIComponent(path.split('/', 1)[0] ?? path);
}

/** Number of samples: the length of the first axis of the first input. */
export function rowsOf(batch: Batch): number {
  const [first] = leavesOf({ inputs: batch.inputs }).values();
  return first?.shape[0] ?? 0;
}

/** What a batch holds of each sample: every tensor whose first axis counts samples. */
export function perSample(batch: Batch, rows = rowsOf(batch)): Map<string, Tensor> {
  return new Map([...leavesOf(batch)].filter(([, tensor]) => tensor.rank > 0 && tensor.shape[0] === rows));
}
