import * as tf from '@tensorflow/tfjs-core';

const bytesPerElement: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, complex64: 8, string: 0 };

/**
 * Counts the bytes of unique buffers. tfjs's own `numBytes` counts a buffer once for each of its handles.
 * It knows nothing of tapgrad: the same instrument measures every tfjs-based contestant.
 */
export class BufferMeter {
  /** Bytes alive. */
  now = 0;
  /** Most bytes alive since the meter was opened or `resetPeak`. */
  peak = 0;
  readonly #live = new Map<object, number>();

  /** Counts from here on, besides `resident`. Returns what stops it. */
  open(resident: readonly tf.Tensor[] = []): () => void {
    for (const tensor of resident) this.#enter(tensor);
    const engine = tf.engine();
    const { trackTensor, removeDataId } = engine;
    const enter = (tensor: tf.Tensor) => this.#enter(tensor);
    const leave = (dataId: object) => this.#leave(dataId);
    engine.trackTensor = function (tensor, backend) {
      enter(tensor);
      return trackTensor.call(this, tensor, backend);
    };
    engine.removeDataId = function (dataId, backend) {
      leave(dataId);
      return removeDataId.call(this, dataId, backend);
    };
    return () => Object.assign(engine, { trackTensor, removeDataId });
  }

  resetPeak(): void {
    this.peak = this.now;
  }

  #enter(tensor: tf.Tensor): void {
    if (this.#live.has(tensor.dataId)) return;
    const bytes = tensor.size * bytesPerElement[tensor.dtype]!;
    this.#live.set(tensor.dataId, bytes);
    this.now += bytes;
    this.peak = Math.max(this.peak, this.now);
  }

  #leave(dataId: object): void {
    this.now -= this.#live.get(dataId) ?? 0;
    this.#live.delete(dataId);
  }
}

/** Most bytes alive while `run` runs, those of `resident` included. */
export async function peakBytes(
  resident: readonly tf.Tensor[],
  run: () => Promise<void>,
): Promise<{ peak: number; resident: number }> {
  const meter = new BufferMeter();
  const close = meter.open(resident);
  const before = meter.now;
  try {
    await run();
  } finally {
    close();
  }
  return { peak: meter.peak, resident: before };
}
