import type { UniformRing } from './uniforms.ts';

/** Dispatches in the first submit to a device that has nothing to do, and in one to a device that is busy. */
const fewest = 32;
const most = 256;

/** A device takes work from its queue, in batches: each submit costs the host as much as tens of dispatches. */
export class Commands {
  /** Number of the batch that is being encoded. */
  batch = 0;
  private dispatches = 0;
  private limit = fewest;
  private pass: GPUComputePassEncoder | undefined;
  private pipeline: GPUComputePipeline | undefined;

  constructor(
    private readonly queue: GPUQueue,
    private readonly ring: UniformRing,
  ) {}

  /** Encodes one dispatch. */
  encode(
    pass: GPUComputePassEncoder,
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    offset: number | undefined,
    [x, y, z]: readonly [number, number, number],
  ): void {
    if (pass !== this.pass) {
      this.pass = pass;
      this.pipeline = undefined;
    }
    if (pipeline !== this.pipeline) pass.setPipeline((this.pipeline = pipeline));
    if (offset === undefined) pass.setBindGroup(0, group);
    else pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(x, y, z);
    this.dispatches++;
  }

  /** Whether it is time to submit. */
  get full(): boolean {
    return this.dispatches >= this.limit || !this.ring.hasRoom();
  }

  /** To be called just before a submit. */
  submitting(): void {
    this.ring.flush();
  }

  /** To be called after a submit. Submits grow while the device has work, and start small again once it has none. */
  submitted(): void {
    const batch = ++this.batch;
    this.dispatches = 0;
    this.pass = undefined;
    this.limit = Math.min(2 * this.limit, most);
    const idle = () => {
      if (batch === this.batch) this.limit = fewest;
    };
    this.queue.onSubmittedWorkDone().then(idle, idle);
  }
}
