import { type Batch, TapgradError } from '@tapgrad/core';
import { gather, Tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { BatchSource } from './batch-source.ts';
import { type BatchingOptions, batchCount, batchIndices, checkBatching, orderOf } from './batching.ts';

/**
 * Batches from whole tensors whose first axis counts samples, `[samples, …]`: inputs, targets and any side data, also
 * nested in arrays and records. The tensors remain the caller's; each batch has rows of its own.
 * @throws TapgradError DATA_LENGTH if the tensors differ in their number of samples, BAD_OPTION
 */
export function tensorBatches(data: Batch, options: BatchingOptions): BatchSource {
  checkBatching(options);
  const samples = sampleCount(data);
  return {
    length: batchCount(samples, options),
    order: orderOf(samples, options),
    fresh: true,
    *batches(epoch, from) {
      for (const indices of batchIndices(samples, options, epoch, from)) {
        yield rowsOf(data, indices);
      }
    },
  };
}

/** Some samples of tensors whose first axis counts samples, in a structure like theirs: new tensors, the caller's. */
export function rowsOf<T>(data: T, indices: Int32Array): T {
  return tidy(() => {
    const rows = tensor1d(indices, 'int32');
    return mapTensors(data, (tensor) => gather(tensor, rows)) as never;
  });
}

/** Throws DATA_LENGTH where tensors differ in their number of samples, or there are none. */
export function sampleCount(data: Batch): number {
  const shapes: number[][] = [];
  mapTensors(data, (tensor) => {
    shapes.push(tensor.shape);
    return tensor;
  });
  const [first] = shapes;
  const samples = first?.[0];
  const other = shapes.find((shape) => shape[0] !== samples);
  if (samples !== undefined && samples > 0 && !other) return samples;
  throw new TapgradError({
    code: 'DATA_LENGTH',
    message: other
      ? `tensors of shapes [${first}] and [${other}] do not have the same number of samples`
      : 'there are no samples',
    fix: 'give tensors whose first axis counts the same samples',
  });
}

export function mapTensors(value: unknown, f: (tensor: Tensor) => Tensor): unknown {
  if (value instanceof Tensor) return f(value);
  if (Array.isArray(value)) return value.map((each) => mapTensors(each, f));
  if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mapTensors(each, f)]));
  }
  return value;
}
