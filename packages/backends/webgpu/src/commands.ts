import type { UniformRing } from './uniforms.ts';

/** Dispatches in the first submit to a device that has nothing to do, and in one to a device that is busy. */
const fewest = 64;
const most = 256;

interface Recorded {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** Of its uniforms. */
  readonly offset: number | undefined;
  readonly workgroups: readonly [number, number, number];
}

/**
 * A device takes work from its queue, in batches: each submit costs the host as much as tens of dispatches. Dispatches are noted, and encoded all
 * at once: one after the other, the engine's calls find their own code in the processor's cache, which they do not between
 * two kernels of JavaScript.
 */
export class Commands {
  /** Number of the batch that is being recorded. */
  batch = 0;
  private dispatches = 0;
  private limit = fewest;
  private readonly recorded: Recorded[] = [];

  constructor(
    private readonly queue: GPUQueue,
    private readonly ring: UniformRing,
  ) {}

  record(dispatch: Recorded): void {
    this.recorded.push(dispatch);
    this.dispatches++;
  }

  /** Whether there are dispatches to encode. */
  get waiting(): boolean {
    return this.recorded.length > 0;
  }

  /** Encodes what was recorded since the last call. */
  encode(pass: GPUComputePassEncoder): void {
    let current: GPUComputePipeline | undefined;
    for (const { pipeline, group, offset, workgroups } of this.recorded) {
      if (pipeline !== current) pass.setPipeline((current = pipeline));
      if (offset === undefined) pass.setBindGroup(0, group);
      else pass.setBindGroup(0, group, [offset]);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
    this.recorded.length = 0;
  }

  /** Whether it is time to submit. */
  get full(): boolean {
    return this.dispatches >= this.limit || !this.ring.hasRoom();
  }

  /** To be called just before a submit. */
  submitting(): void {
    this.ring.flush();
  }

  /** To be called after a submit. Submits are large while the device has work, and small again once it has none. */
  submitted(): void {
    const batch = ++this.batch;
    this.dispatches = 0;
    this.limit = most;
    const idle = () => {
      if (batch === this.batch) this.limit = fewest;
    };
    this.queue.onSubmittedWorkDone().then(idle, idle);
  }
}
