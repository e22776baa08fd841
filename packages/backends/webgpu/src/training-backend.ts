import { TapgradError } from '@tapgrad/core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type BackendValues, type DataId, type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { DeviceFaults, outOfMemory } from './device-faults.ts';
import { Execution, timedPass } from './execution.ts';
import { BufferPool } from './memory/buffer-pool.ts';
import type { PooledBuffer } from './memory/pooled-buffer.ts';
import { ReadBack } from './read-back.ts';
import type { Dispatch } from './shader.ts';
import { mostWords, writeWords } from './small-values.ts';
import type { Internals, StockProgram, StockUniforms, TensorData } from './stock-backend.ts';
import { keyOf, type StockPipeline, spreadOverAxes } from './stock-programs.ts';

/** Elements of an integer tensor of which the host keeps a copy. */
const keptOnHost = 1 << 16;

/** tfjs's backend with pipelines, bind groups, uniforms, submits and memory of its own, which also runs shaders with several outputs. */
export class TrainingBackend extends WebGPUBackend {
  readonly faults: DeviceFaults;
  protected readonly gpu: GPUDevice;
  private readonly internals = this as unknown as Internals;
  private readonly pool: BufferPool;
  private readonly execution: Execution;
  private readonly readBack: ReadBack;
  private readonly storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  /** Key of the program that tfjs is compiling. */
  private compiling = '';

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    const { internals } = this;
    this.gpu = device;
    this.faults = new DeviceFaults(device);
    this.execution = new Execution(device, () => this.openPass());
    this.pool = new BufferPool(device, {
      batch: () => this.execution.commands.batch,
      outOfMemory: (bytes) => this.faults.add(outOfMemory(bytes)),
    });
    internals.bufferManager = this.pool;
    this.readBack = new ReadBack(this.pool, this.faults, (from, to, bytes) => this.copyNow(from, to, bytes));
    const { recordAndSubmit } = internals;
    internals.recordAndSubmit = (program, output, inputs, own) => {
      if (program.pixelsOpType != null) return recordAndSubmit.call(this, program, output, inputs, own);
      const compute = program.pipeline as GPUComputePipeline;
      this.runStock(
        this.execution.programs.keep(this.compiling, program, inputs.length, compute),
        program,
        inputs,
        output,
        own,
      );
    };
    // A buffer may be larger than the tensor in it, of which only tfjs's synchronous read does not know.
    internals.convertAndCacheOnCPU = (dataId, values) => {
      const data = this.dataOf(dataId);
      const { length } = values;
      const size = data.dtype === 'complex64' ? length : util.sizeFromShape(data.shape);
      data.values = length > size ? (values as Float32Array).slice(0, size) : values;
      return data.values;
    };
  }

  /** A tensor of this backend without values, on the device. The engine, or the caller, owns it. */
  output(shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    const info = this.makeTensorInfo([...shape], dtype);
    this.uploadToGPU(info.dataId);
    return info;
  }

  /** Runs an own shader. Of what it writes, values that the host had are forgotten. */
  dispatch(dispatch: Dispatch): void {
    const buffers: PooledBuffer[] = [];
    for (const name in dispatch.read) buffers.push(this.pooled(dispatch.read[name]![0].dataId));
    for (const name in dispatch.write) {
      const { dataId } = dispatch.write[name]![0];
      buffers.push(this.pooled(dataId));
      // tfjs keeps what was read once; after a write in place that is the past.
      const data = this.dataOf(dataId);
      data.values = null;
      data.reading = undefined;
    }
    this.execution.own(dispatch, buffers);
    this.dispatched(dispatch.name);
  }

  /** The buffer of a tensor, on the device now if it was not yet. It may be larger than the tensor. */
  bufferOf({ dataId }: { dataId: DataId }): GPUBuffer {
    this.uploadToGPU(dataId);
    return this.dataOf(dataId).resource!;
  }

  /** Gives the device's idle memory back. */
  trim(): void {
    this.flush();
    this.pool.trim();
  }

  override runWebGPUProgram(
    program: StockProgram,
    inputs: TensorInfo[],
    outputDtype: DataType,
    own?: StockUniforms,
    output = this.makeTensorInfo(program.outputShape, outputDtype),
  ): TensorInfo {
    if (program.pixelsOpType != null) return super.runWebGPUProgram(program, inputs, outputDtype, own, output);
    spreadOverAxes(program, this.gpu.limits.maxComputeWorkgroupsPerDimension);
    const data = inputs.map(({ dataId }) => this.dataOf(dataId));
    const key = keyOf(program, inputs, data, output);
    const pipeline = this.execution.programs.find(key);
    if (pipeline && util.sizeFromShape(output.shape) > 0) {
      this.runStock(pipeline, program, inputs, output, own);
      return output;
    }
    this.compiling = key;
    this.internals.device = this.execution.programs.compilerFor(inputs.length);
    try {
      return super.runWebGPUProgram(program, inputs, outputDtype, own, output);
    } finally {
      this.internals.device = this.gpu;
    }
  }

  override uploadToGPU(dataId: DataId): void {
    const data = this.dataOf(dataId);
    if (data.resource != null) return;
    this.faults.refuseIfLost();
    const bytes = 4 * util.sizeFromShape(data.shape);
    if (!data.values) {
      data.pooled = this.pool.acquire(bytes, this.storage);
      data.resource = data.pooled.buffer;
      return;
    }
    const values = data.dtype === 'float32' ? asFloats(data.values) : asIntegers(data.values);
    if (values.length <= mostWords) this.uploadWords(dataId, data, values);
    else {
      data.resource = this.pool.acquireSettled(bytes, this.storage).buffer;
      this.gpu.queue.writeBuffer(data.resource, 0, values);
    }
    // A few kernels (sums by segment) need short lists of integers on the host at once.
    if (data.dtype !== 'int32' || values.length > keptOnHost) data.values = null;
  }

  override async read(dataId: DataId): Promise<BackendValues> {
    const data = this.dataOf(dataId);
    const size = util.sizeFromShape(data.shape);
    if (data.values != null || data.dtype === 'complex64') return super.read(dataId);
    if (size === 0) return util.getTypedArrayFromDType(data.dtype as 'float32', 0);
    const reading = {};
    data.reading = reading;
    const values = await this.readBack.values(this.bufferOf({ dataId }), data.dtype, 4 * size);
    if (data.reading === reading) data.values = values as Float32Array;
    return values;
  }

  /** @throws TapgradError `WEBGPU_SYNC_READ` where values are on the device alone, and the engine can only be waited for */
  override readSync(dataId: DataId): BackendValues {
    const { values, dtype } = this.dataOf(dataId);
    if (!values && dtype !== 'complex64' && typeof OffscreenCanvas === 'undefined') throw readAtOnce();
    super.readSync(dataId);
    return this.dataOf(dataId).values as Float32Array;
  }

  override ensureCommandEncoderReady(): void {
    this.internals.commandEncoder ??= this.gpu.createCommandEncoder();
  }

  override submitQueue(): void {
    const { commands } = this.execution;
    commands.submitting();
    super.submitQueue();
    commands.submitted();
  }

  override dispose(): void {
    this.execution.destroy();
    super.dispose();
  }

  private uploadWords(dataId: DataId, data: TensorData, values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): void {
    data.resource = this.pool.acquire(4 * values.length, this.storage).buffer;
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const dispatch = writeWords({ dataId, shape: data.shape, dtype: data.dtype }, words);
    this.execution.own(dispatch, [this.pooled(dataId)]);
    this.dispatched(dispatch.name);
  }

  private runStock(
    pipeline: StockPipeline,
    program: StockProgram,
    inputs: readonly TensorInfo[],
    output: TensorInfo,
    own: StockUniforms | undefined,
  ): void {
    const buffers = [this.pooled(output.dataId)];
    for (const { dataId } of inputs) buffers.push(this.pooled(dataId));
    this.execution.stock(pipeline, program, inputs, output, own, buffers);
    this.dispatched(pipeline.name);
  }

  private openPass(): GPUComputePassEncoder {
    const { internals } = this;
    this.ensureCommandEncoderReady();
    if (internals.activeTimers) {
      this.endComputePassEncoder();
      internals.computePassEncoder = timedPass(internals, this.gpu);
    }
    internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass();
    return internals.computePassEncoder;
  }

  private dispatched(name: string): void {
    const { activeTimers } = this.internals;
    if (activeTimers) {
      this.endComputePassEncoder();
      activeTimers.push({ name, query: this.getQueryTime() });
    } else if (this.execution.commands.full) this.flush();
  }

  private pooled(dataId: DataId): PooledBuffer {
    const data = this.dataOf(dataId);
    if (data.resource == null) this.uploadToGPU(dataId);
    if (data.pooled?.buffer !== data.resource) data.pooled = this.pool.of(data.resource!);
    return data.pooled!;
  }

  private dataOf(dataId: DataId): TensorData {
    return this.tensorMap.get(dataId) as TensorData;
  }

  private copyNow(from: GPUBuffer, to: GPUBuffer, bytes: number): void {
    this.encodeCopy(from, to, bytes);
    this.submitQueue();
  }

  /** Copies behind all commands so far. */
  protected encodeCopy(from: GPUBuffer, to: GPUBuffer, bytes: number): void {
    this.pool.of(from).batch = this.execution.commands.batch;
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.internals.commandEncoder!.copyBufferToBuffer(from, 0, to, 0, bytes);
  }

  protected flush(): void {
    this.endComputePassEncoder();
    if (this.internals.commandEncoder) this.submitQueue();
  }
}

function readAtOnce(): TapgradError {
  return new TapgradError({
    code: 'WEBGPU_SYNC_READ',
    message: 'values that are on the device were asked for at once, and WebGPU in Node can only be waited for',
    fix: 'read with await tensor.data(); before an op that looks at values on the host, await data() of the tensor that it looks at',
  });
}

function asFloats(values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  return values instanceof Float32Array ? (values as Float32Array<ArrayBuffer>) : Float32Array.from(values);
}

function asIntegers(values: ArrayLike<number>): Int32Array<ArrayBuffer> {
  return values instanceof Int32Array ? (values as Int32Array<ArrayBuffer>) : Int32Array.from(values);
}
