/** A uniform of a shader: its type in WGSL and its value. Only scalars, so that the layout is their order. */
export type Uniform = readonly ['u32' | 'i32' | 'f32', number];

export const u32 = (value: number): Uniform => ['u32', value];
export const i32 = (value: number): Uniform => ['i32', value];
export const f32 = (value: number): Uniform => ['f32', value];

/** Offsets of uniform bindings are multiples of this on every device. */
const alignment = 256;
const capacity = 1 << 18;

/**
 * Uniforms of all dispatches of one submit, in one buffer that is written once, before the submit. A dispatch sees its
 * own by a dynamic offset, so that bind groups can be kept from step to step.
 */
export class UniformRing {
  readonly buffer: GPUBuffer;
  private readonly staged = new ArrayBuffer(capacity);
  private readonly view = new DataView(this.staged);
  private used = 0;

  constructor(private readonly device: GPUDevice) {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.buffer = device.createBuffer({ label: 'uniforms', size: capacity, usage });
  }

  /** Whether one more dispatch's uniforms fit before `flush`. */
  hasRoom(): boolean {
    return this.used + alignment <= capacity;
  }

  /** @returns the offset at which the uniforms stand */
  stage(uniforms: readonly Uniform[]): number {
    const start = this.used;
    let at = start;
    for (const [type, value] of uniforms) {
      if (type === 'f32') this.view.setFloat32(at, value, true);
      else if (type === 'u32') this.view.setUint32(at, value, true);
      else this.view.setInt32(at, value, true);
      at += 4;
    }
    this.used = start + alignment;
    return start;
  }

  /** To be called before the submit of what was staged. */
  flush(): void {
    if (this.used > 0) this.device.queue.writeBuffer(this.buffer, 0, this.staged, 0, this.used);
    this.used = 0;
  }

  destroy(): void {
    this.buffer.destroy();
  }
}
