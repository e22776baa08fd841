import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { BufferPool } from './memory/buffer-pool.ts';
import type { PooledBuffer } from './memory/pooled-buffer.ts';

/** One of tfjs's own shaders, as its kernels hand it to the backend. */
export type StockProgram = Parameters<WebGPUBackend['runWebGPUProgram']>[0];
/** Uniforms that only this program has. */
export type StockUniforms = NonNullable<Parameters<WebGPUBackend['runWebGPUProgram']>[3]>;

/** What tfjs keeps of a tensor. */
export interface TensorData {
  readonly dtype: DataType;
  readonly shape: number[];
  values: ArrayLike<number> | null;
  resource: GPUBuffer | null;
  /** What the pool knows of `resource`. */
  pooled?: PooledBuffer | undefined;
  /** Made elsewhere, and not to be released. */
  readonly external?: boolean;
  /** The read that is under way, if nothing wrote in place since it began. */
  reading?: object | undefined;
}

/** What tfjs's backend keeps private, and the one of this package replaces or works with. */
export interface Internals {
  bufferManager: BufferPool;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  device: unknown;
  /** Set while `tf.time` or `tf.profile` measures kernels one by one. */
  readonly activeTimers: { name: string; query: Promise<number> }[] | null | undefined;
  readonly supportTimestampQuery: boolean;
  querySet: GPUQuerySet | null;
  readonly querySetCount: number;
  recordAndSubmit(program: StockProgram, output: TensorInfo, inputs: TensorInfo[], own?: StockUniforms): void;
  convertAndCacheOnCPU(dataId: DataId, values: ArrayLike<number>): ArrayLike<number>;
}
