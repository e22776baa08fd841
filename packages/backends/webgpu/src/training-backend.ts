import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import { Dispatcher } from './dispatcher.ts';
import type { Dispatch } from './shader.ts';
import { UniformRing } from './uniforms.ts';

/** What tfjs's backend keeps private, and this one works with. */
interface Internals {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  commandQueueOwnedIds: WeakSet<DataId>;
}

/** Dispatches in one submit. */
const batchSize = 256;

/** tfjs's backend, which also runs shaders with several outputs. */
export class TrainingBackend extends WebGPUBackend {
  private readonly ring: UniformRing;
  private readonly dispatcher: Dispatcher;

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    this.ring = new UniformRing(device);
    this.dispatcher = new Dispatcher(device, this.ring);
  }

  /** A tensor of this backend without values, on the device. The engine, or the caller, owns it. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    const info = this.makeTensorInfo([...shape], dtype);
    this.uploadToGPU(info.dataId);
    return info;
  }

  /** Runs an own shader. Of what it writes, values that the host had are forgotten. */
  dispatch(dispatch: Dispatch): void {
    const internals = this as unknown as Internals;
    if (!this.ring.hasRoom()) this.flush();
    const infos = [...Object.values(dispatch.read), ...Object.values(dispatch.write)].map(([info]) => info);
    const buffers = infos.map((info) => this.bufferOf(info));
    for (const [info] of Object.values(dispatch.write)) this.forgetValues(info.dataId);
    for (const info of infos) internals.commandQueueOwnedIds.add(info.dataId);
    this.ensureCommandEncoderReady();
    internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass();
    this.dispatcher.encode(internals.computePassEncoder, dispatch, buffers);
    if (++internals.dispatchCountInPass >= batchSize) this.flush();
  }

  /** The buffer of a tensor, on the device now if it was not yet. */
  bufferOf({ dataId }: { dataId: DataId }): GPUBuffer {
    this.uploadToGPU(dataId);
    return this.tensorMap.get(dataId).resource as GPUBuffer;
  }

  override submitQueue(): void {
    this.ring.flush();
    super.submitQueue();
  }

  override dispose(): void {
    this.ring.destroy();
    super.dispose();
  }

  private flush(): void {
    this.endComputePassEncoder();
    this.submitQueue();
  }

  /** tfjs keeps what was read once; after a write in place that is the past. */
  private forgetValues(dataId: DataId): void {
    const data: { values: unknown } = this.tensorMap.get(dataId);
    data.values = null;
  }
}
