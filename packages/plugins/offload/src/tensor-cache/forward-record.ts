import type { ModuleProfile } from './math.ts';

/** To be told by a value that leaves the device, of each once. */
export interface Departure {
  /** The host has it. */
  copied(): void;
  /** It is where it will stay, or nowhere. */
  left(): void;
}

/** What one forward saved: in which order, how much of it left the device, and how long that took. */
export class ForwardRecord {
  /** Bytes that left the device. */
  bytes = 0;
  private readonly modules = new Map<string, { bytes: number; start: number }>();
  private readonly began: number;
  private ended: number;
  private saves = 0;
  private last: string | undefined;
  private tail = 0;
  private inLoss = false;
  private moving = 0;
  private busySince = 0;
  private busy = 0;

  /** @param now milliseconds */
  constructor(private readonly now: () => number) {
    this.began = now();
    this.ended = this.began;
  }

  /** A module saves a value; the path of the model itself and of the loss is ''. @returns its number in this forward */
  saved(path: string): number {
    const number = this.saves++;
    this.ended = this.now();
    // Another forward of the same step has begun.
    if (path !== '') this.inLoss = false;
    // What the model does between its modules is not one module.
    if (!this.inLoss && (path !== this.last || path === '')) {
      this.last = path;
      this.tail = number;
    }
    if (!this.modules.has(path)) this.modules.set(path, { bytes: 0, start: (this.ended - this.began) / 1000 });
    return number;
  }

  /** The model has given its output. */
  modelEnded(): void {
    this.inLoss = true;
  }

  /** Number of the first value that the last module saved; those behind it are the loss's. */
  get lastModule(): number {
    return this.tail;
  }

  /** A value of this module begins to leave. */
  leaves(path: string, bytes: number): Departure {
    const module = this.modules.get(path);
    if (module) module.bytes += bytes;
    this.bytes += bytes;
    if (this.moving++ === 0) this.busySince = this.now();
    return {
      // On a device that works by itself the forward takes until its values have come.
      copied: () => {
        this.ended = Math.max(this.ended, this.now());
      },
      left: () => {
        if (--this.moving === 0) this.busy += this.now() - this.busySince;
      },
    };
  }

  /** Modules in forward order. */
  profile(): ModuleProfile[] {
    return [...this.modules].map(([path, module]) => ({ path, ...module }));
  }

  /** Seconds of the forward. */
  get forward(): number {
    return (this.ended - this.began) / 1000;
  }

  /** Seconds in which at least one value was on its way. */
  get transfer(): number {
    return this.busy / 1000;
  }
}
