/** A buffer of the pool, or one of somebody else's that shaders are run on. */
export interface PooledBuffer {
  readonly buffer: GPUBuffer;
  /** Never given twice, so that what is known of a buffer cannot be taken for another's. */
  readonly id: number;
  readonly size: number;
  readonly usage: GPUBufferUsageFlags;
  /** The last batch of commands that uses it. */
  batch: number;
  /** The device had no memory for it. */
  discarded: boolean;
}
