/**
 * Counts the bytes of all buffers on WebGPU devices, those that a library keeps for later use included. It stands in the
 * interface of WebGPU itself, so that it measures every library alike.
 */
export class DeviceMeter {
  /** Bytes of buffers that are not destroyed. */
  now = 0;
  /** Most bytes at one time since the meter was made. */
  peak = 0;
  readonly #live = new WeakMap<GPUBuffer, number>();

  /** Counts from here on, what was made before aside. Not undone: a contestant's process has one meter. */
  open(): this {
    const { createBuffer } = GPUDevice.prototype;
    const { destroy } = GPUBuffer.prototype;
    const enter = (buffer: GPUBuffer) => this.#enter(buffer);
    const leave = (buffer: GPUBuffer) => this.#leave(buffer);
    GPUDevice.prototype.createBuffer = function (descriptor) {
      const buffer = createBuffer.call(this, descriptor);
      enter(buffer);
      return buffer;
    };
    GPUBuffer.prototype.destroy = function () {
      leave(this);
      return destroy.call(this);
    };
    return this;
  }

  #enter(buffer: GPUBuffer): void {
    this.#live.set(buffer, buffer.size);
    this.now += buffer.size;
    this.peak = Math.max(this.peak, this.now);
  }

  #leave(buffer: GPUBuffer): void {
    this.now -= this.#live.get(buffer) ?? 0;
    this.#live.delete(buffer);
  }
}
