import type { TapgradError } from '@tapgrad/core';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { type DataId, type DataType, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { DeviceFaults, outOfMemory } from './device-faults.ts';
import { Execution, timedPass } from './execution.ts';
import { BufferPool } from './memory/buffer-pool.ts';
import type { PooledBuffer } from './memory/pooled-buffer.ts';
import type { Internals, StockProgram, StockUniforms, TensorData } from './stock-backend.ts';
import { keyOf, type StockPipeline, spreadOverAxes } from './stock-programs.ts';
import { mostWords, wordsOf, writeWords } from './upload.ts';

/** Elements of an integer tensor of which the host keeps a copy. */
const keptOnHost = 1 << 16;

/** tfjs's backend with pipelines, bind groups, uniforms, submits and memory of its own. */
export class RuntimeBackend extends WebGPUBackend {
  readonly faults: DeviceFaults;
  protected readonly gpu: GPUDevice;
  protected readonly pool: BufferPool;
  protected readonly execution: Execution;
  protected readonly internals = this as unknown as Internals;
  private readonly storage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  /** Key of the program that tfjs is compiling. */
  private compiling = '';

  constructor(device: GPUDevice, info: GPUAdapterInfo, onLost?: (error: TapgradError) => void) {
    super(device, info);
    const { internals } = this;
    this.gpu = device;
    this.faults = new DeviceFaults(device, onLost, () => this.pool.distrustSmall());
    this.execution = new Execution(device);
    this.pool = new BufferPool(device, {
      batch: () => this.execution.commands.batch,
      outOfMemory: (bytes) => this.faults.add(outOfMemory(bytes)),
    });
    internals.bufferManager = this.pool;
    const { recordAndSubmit } = internals;
    internals.recordAndSubmit = (program, output, inputs, own) => {
      if (program.pixelsOpType != null) recordAndSubmit.call(this, program, output, inputs, own);
      else {
        const compute = program.pipeline as GPUComputePipeline;
        const pipeline = this.execution.programs.keep(this.compiling, program, inputs.length, compute);
        this.runStock(pipeline, program, inputs, output, own);
      }
    };
  }

  override runWebGPUProgram(
    program: StockProgram,
    inputs: TensorInfo[],
    outputDtype: DataType,
    own?: StockUniforms,
    output = this.makeTensorInfo(program.outputShape, outputDtype),
  ): TensorInfo {
    if (program.pixelsOpType != null) {
      // tfjs encodes these as they come: what was recorded is first.
      this.endComputePassEncoder();
      return super.runWebGPUProgram(program, inputs, outputDtype, own, output);
    }
    spreadOverAxes(program);
    const data = inputs.map(({ dataId }) => this.dataOf(dataId));
    const key = keyOf(program, inputs, data, output);
    const pipeline = this.execution.programs.find(key);
    this.onDevice(output);
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
    const words = data.values ? wordsOf(data) : undefined;
    const settled = words !== undefined && words.length > mostWords;
    data.pooled = settled ? this.pool.acquireSettled(bytes, this.storage) : this.pool.acquire(bytes, this.storage);
    data.resource = data.pooled.buffer;
    if (!words) return;
    if (settled) this.gpu.queue.writeBuffer(data.resource, 0, words);
    else {
      const dispatch = writeWords({ dataId, shape: data.shape, dtype: data.dtype }, words);
      this.execution.own(dispatch, [data.pooled]);
      this.dispatched(dispatch.name);
    }
    // A few kernels (sums by segment) need short lists of integers on the host at once.
    if (data.dtype !== 'int32' || words.length > keptOnHost) data.values = null;
  }

  override ensureCommandEncoderReady(): void {
    this.internals.commandEncoder ??= this.gpu.createCommandEncoder();
  }

  /** What was recorded comes before what follows, such as a copy. */
  override endComputePassEncoder(): void {
    const { commands } = this.execution;
    if (commands.waiting) commands.encode(this.openPass());
    super.endComputePassEncoder();
  }

  /** What is measured has passes of its own. */
  override time(f: () => void): ReturnType<WebGPUBackend['time']> {
    this.endComputePassEncoder();
    return super.time(f);
  }

  override submitQueue(): void {
    const { commands } = this.execution;
    commands.submitting();
    super.submitQueue();
    commands.submitted();
  }

  override dispose(): void {
    this.faults.expectLoss();
    this.execution.destroy();
    super.dispose();
    this.gpu.destroy();
  }

  protected dataOf(dataId: DataId): TensorData {
    return this.tensorMap.get(dataId) as TensorData;
  }

  /** A tensor's buffer, as the pool knows it. */
  protected pooled(dataId: DataId): PooledBuffer {
    const data = this.dataOf(dataId);
    if (data.resource == null) this.uploadToGPU(dataId);
    if (data.pooled?.buffer !== data.resource) data.pooled = this.pool.of(data.resource!);
    return data.pooled!;
  }

  /** Gives an output its buffer; if there is none for it, nothing of the output stays. */
  protected onDevice({ dataId }: TensorInfo): void {
    try {
      this.uploadToGPU(dataId);
    } catch (thrown) {
      this.disposeData(dataId);
      throw thrown;
    }
  }

  /** To be called after each dispatch. */
  protected dispatched(name: string): void {
    const { activeTimers } = this.internals;
    if (activeTimers) {
      this.endComputePassEncoder();
      activeTimers.push({ name, query: this.getQueryTime() });
    }
    // A device that cannot measure does not submit for it.
    if (this.execution.commands.full) this.flush();
  }

  /** Submits what was encoded. */
  protected flush(): void {
    this.endComputePassEncoder();
    if (this.internals.commandEncoder) this.submitQueue();
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
    if (internals.activeTimers) internals.computePassEncoder = timedPass(internals, this.gpu);
    return (internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass());
  }
}
