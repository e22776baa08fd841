import { Worker } from 'node:worker_threads';
import { fileWorker } from './file-worker.ts';

export interface FileJob {
  readonly kind: 'store' | 'load' | 'remove';
  readonly path: string;
  readonly bytes: SharedArrayBuffer;
}

const [done, failed, givenUp] = [2, 3, 4];

/** A job of a queue: whether it is done can be seen at any time, also by whoever does not let go of the thread. */
export class Job {
  readonly finished: Promise<void>;
  readonly state = new Int32Array(new SharedArrayBuffer(64));
  settle!: () => void;

  constructor() {
    this.finished = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  get done(): boolean {
    return Atomics.load(this.state, 0) === done;
  }

  /** Code of the error that ended it, for example `ENOSPC`. */
  get failure(): string | undefined {
    if (Atomics.load(this.state, 0) !== failed) return undefined;
    return String.fromCharCode(...this.state.subarray(1)).replace(/\0+$/, '');
  }

  /** @returns whether it had not begun */
  giveUp(): boolean {
    return Atomics.compareExchange(this.state, 0, 0, givenUp) === 0;
  }

  wait(): void {
    for (let now = Atomics.load(this.state, 0); now < done; now = Atomics.load(this.state, 0)) {
      Atomics.wait(this.state, 0, now);
    }
  }
}

/** Jobs on files, one after the other, on a thread of their own. */
export class FileQueue {
  private readonly worker = new Worker(fileWorker, { eval: true });
  private readonly jobs = new Map<number, Job>();
  private next = 0;

  constructor() {
    this.worker.on('message', (id: number) => {
      this.jobs.get(id)?.settle();
      this.jobs.delete(id);
      // A process that has nothing else to do may end.
      if (this.jobs.size === 0) this.worker.unref();
    });
    this.worker.unref();
  }

  run(job: FileJob): Job {
    const running = new Job();
    const id = this.next++;
    this.jobs.set(id, running);
    this.worker.ref();
    this.worker.postMessage({ ...job, id, state: running.state });
    return running;
  }

  /** Waits until everything that was asked for is done, and ends the thread. */
  close(): void {
    const all = [...this.jobs.values()];
    for (const job of all) job.giveUp();
    for (const job of all) {
      job.wait();
      job.settle();
    }
    this.jobs.clear();
    void this.worker.terminate();
  }
}
