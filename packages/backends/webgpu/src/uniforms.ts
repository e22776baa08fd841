/** A uniform of a shader: its type in WGSL and its value. Only scalars, so that the layout is their order. */
export type Uniform = readonly ['u32' | 'i32' | 'f32', number];

export const u32 = (value: number): Uniform => ['u32', value];
export const i32 = (value: number): Uniform => ['i32', value];
export const f32 = (value: number): Uniform => ['f32', value];

/** Offsets of uniform bindings are multiples of this on every device. */
const alignment = 256;
const capacity = 1 << 18;
/** More than any shader has. */
const mostBytes = 4096;

/** Where the uniforms of a dispatch stand. */
export interface StagedUniforms {
  readonly offset: number;
  /** Their bytes, rounded up so that few different bind groups are made. */
  readonly size: number;
}

/**
 * Uniforms of all dispatches of one submit, in one buffer that is written once, before the submit. A dispatch sees its
 * own by a dynamic offset, so that bind groups can be kept from step to step.
 */
export class UniformRing {
  readonly buffer: GPUBuffer;
  private readonly staged = new ArrayBuffer(capacity);
  private readonly integers = new Int32Array(this.staged);
  private readonly floats = new Float32Array(this.staged);
  /** In words of four bytes. */
  private start = 0;
  private at = 0;

  constructor(private readonly device: GPUDevice) {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    this.buffer = device.createBuffer({ label: 'uniforms', size: capacity, usage });
  }

  /** Whether one more dispatch's uniforms fit before `flush`. */
  hasRoom(): boolean {
    return 4 * this.at + mostBytes <= capacity;
  }

  /** Starts the next word at a multiple of `words`, counted from the first uniform. */
  align(words: number): void {
    this.at = this.start + Math.ceil((this.at - this.start) / words) * words;
  }

  integer(value: number): void {
    this.integers[this.at++] = value;
  }

  float(value: number): void {
    this.floats[this.at++] = value;
  }

  /** Ends the uniforms of one dispatch: what was written since the last call. */
  end(): StagedUniforms {
    const offset = 4 * this.start;
    const size = Math.ceil((4 * this.at - offset) / alignment) * alignment;
    this.start = this.at = (offset + size) / 4;
    return { offset, size };
  }

  stage(uniforms: readonly Uniform[]): StagedUniforms {
    for (const [type, value] of uniforms) {
      if (type === 'f32') this.float(value);
      else this.integer(value);
    }
    return this.end();
  }

  /** To be called before the submit of what was staged. */
  flush(): void {
    if (this.at > 0) this.device.queue.writeBuffer(this.buffer, 0, this.staged, 0, 4 * this.at);
    this.start = this.at = 0;
  }

  destroy(): void {
    this.buffer.destroy();
  }
}
