import * as tf from '@tensorflow/tfjs-core';

const bytesPerElement: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, complex64: 8, string: 0 };

/**
 * Highest sum of unique buffers alive while `run` runs, in bytes, those alive before it (`resident`) included.
 * tfjs's own `numBytes` counts a buffer once a handle; this counts it once.
 * The same instrument is used for every tfjs-based contestant.
 */
export function peakBytes(resident: readonly tf.Tensor[], run: () => void): { peak: number; resident: number } {
  const engine = tf.engine();
  const live = new Map<object, number>();
  const size = (tensor: { size: number; dtype: string }) => tensor.size * bytesPerElement[tensor.dtype]!;
  for (const tensor of resident) live.set(tensor.dataId, size(tensor));
  const before = sum(live.values());
  let now = before;
  let peak = before;
  const { trackTensor, removeDataId } = engine;
  engine.trackTensor = function (tensor, backend) {
    if (!live.has(tensor.dataId)) {
      live.set(tensor.dataId, size(tensor));
      now += size(tensor);
      peak = Math.max(peak, now);
    }
    return trackTensor.call(this, tensor, backend);
  };
  engine.removeDataId = function (dataId, backend) {
    now -= live.get(dataId) ?? 0;
    live.delete(dataId);
    return removeDataId.call(this, dataId, backend);
  };
  try {
    run();
  } finally {
    engine.trackTensor = trackTensor;
    engine.removeDataId = removeDataId;
  }
  return { peak, resident: before };
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
