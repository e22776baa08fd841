import { TapgradError } from '@tapgrad/core';

/** What a read is told of: what had gone wrong, and told nobody, when it began, and what goes wrong while it waits. */
export interface Reading {
  readonly errors: TapgradError[];
}

/** What went wrong on a device, to be told where somebody waits for it: WebGPU itself reports errors later, to nobody. */
export class DeviceFaults {
  private pending: TapgradError[] = [];
  private readonly readings = new Set<Reading>();
  private lost: GPUDeviceLostInfo | undefined;
  private expected = false;
  private readonly whenLost: Promise<void>;

  /**
   * @param onLost is told of the loss, unless it was announced by `expectLoss`
   * @param onOutOfMemory is told that there was no memory for a buffer that nobody watched
   */
  constructor(
    device: GPUDevice,
    onLost: (error: TapgradError) => void = () => undefined,
    private readonly onOutOfMemory: () => void = () => undefined,
  ) {
    this.whenLost = device.lost.then((info) => {
      this.lost = info;
    });
    // Apart from it: what a listener throws is for whoever wrote the listener.
    void this.whenLost.then(() => {
      if (this.lost && !this.expected) onLost(lostError(this.lost));
    });
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.report((event as GPUUncapturedErrorEvent).error);
    });
  }

  /** Whether the device is gone. What happened just now may not have been told yet: this waits for it. */
  async isLost(): Promise<boolean> {
    await Promise.race([this.whenLost, nextTask()]);
    return this.lost !== undefined;
  }

  /** To be called before the device is destroyed on purpose. */
  expectLoss(): void {
    this.expected = true;
  }

  /** @throws TapgradError `WEBGPU_DEVICE_LOST` */
  refuseIfLost(): void {
    if (this.lost) throw lostError(this.lost);
  }

  /**
   * Runs what waits for results, which calls `raise` when it has them. Of several that wait at once each is told of an error: what any of them has read
   * may be wrong.
   */
  async reading<T>(f: (reading: Reading) => Promise<T>): Promise<T> {
    this.refuseIfLost();
    const reading = { errors: [...this.pending] };
    this.readings.add(reading);
    try {
      return await f(reading);
    } finally {
      this.readings.delete(reading);
    }
  }

  /** @throws TapgradError `WEBGPU_DEVICE_LOST`, `WEBGPU_OUT_OF_MEMORY`, `WEBGPU_KERNEL_FAILED` */
  raise({ errors }: Reading = { errors: this.pending }): void {
    this.refuseIfLost();
    this.pending = this.pending.filter((each) => !errors.includes(each));
    // The first error is the cause of those that follow.
    const [first] = errors;
    if (first) throw first;
  }

  /** As `raise`, after an operation that waits for the device was refused: a lost device says so after its buffers do. */
  async raiseCause(reading?: Reading): Promise<void> {
    await Promise.race([this.whenLost, nextTask(100)]);
    this.raise(reading);
  }

  add(error: TapgradError): void {
    const all = [this.pending, ...[...this.readings].map(({ errors }) => errors)];
    for (const errors of all) if (errors.length < 8) errors.push(error);
  }

  private report(error: GPUError): void {
    if (error instanceof GPUOutOfMemoryError) {
      this.add(outOfMemory(undefined, error));
      this.onOutOfMemory();
    } else this.add(kernelFailed(error));
  }
}

/** @param bytes of the buffer that there was no room for, if that is known */
export function outOfMemory(bytes: number | undefined, cause?: unknown): TapgradError {
  return new TapgradError({
    code: 'WEBGPU_OUT_OF_MEMORY',
    message: `the device has no memory for ${bytes === undefined ? 'a buffer' : `a buffer of ${bytes} bytes`}; what was computed since the last read is of no use`,
    fix: 'make the batch smaller, keep less (checkpoints, codes, offload), or close other programs that use the GPU; then go on from the last checkpoint',
    cause,
  });
}

function kernelFailed(error: GPUError): TapgradError {
  const kernel = nameIn(error.message);
  return new TapgradError({
    code: 'WEBGPU_KERNEL_FAILED',
    message: `the device refused ${kernel ? `the kernel ${kernel}` : 'a kernel'}: ${error.message.trim()}`,
    fix: 'report it with this message; what was computed since the last read is of no use',
    ...(kernel && { op: kernel }),
    cause: error,
  });
}

/** Kernels label what they make, and errors name it by its label. */
function nameIn(message: string): string | undefined {
  return /\[(?:ComputePipeline|BindGroup|ShaderModule)(?:Descriptor)? "+([^"]+)"+\]/.exec(message)?.[1];
}

function lostError({ reason, message }: GPUDeviceLostInfo): TapgradError {
  return new TapgradError({
    code: 'WEBGPU_DEVICE_LOST',
    message: `the GPU device is gone (${reason}${message ? `: ${message.trim()}` : ''}); so are all tensors on it`,
    fix: 'call useWebgpu() again for a new device, make the model anew and resume from the last checkpoint',
  });
}

function nextTask(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
