import type { Plugin } from '@tapgrad/core';
import { Tensor } from '@tensorflow/tfjs-core';
import { type Around, instrumented, type Site } from './instrumented.ts';

/** Where a fault is put: in the call number `call` of a site, before the function runs or after it has. */
export interface Fault {
  readonly site: Site;
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Faults in the first call of a site and in the last one. */
export function places(site: Site, calls: number, when: Fault['when']): Fault[] {
  return [...new Set([0, calls - 1])].map((call) => ({ site, call, when }));
}

/** Counts calls of what a plugin hands to its stack, and throws in one of them once. */
export class FaultInjection {
  /** What is thrown. */
  readonly error = new Error('a fault of the tester');
  fired = false;
  private armed: Fault | undefined;
  private counts = new Map<string, { site: Site; calls: number }>();

  /** The plugins, with faults that can be armed. */
  into(plugins: Plugin | readonly Plugin[]): Plugin[] {
    return [plugins].flat().map((plugin) => instrumented(plugin, this.around));
  }

  /** The sites that `f` reaches, with the number of calls. */
  async reached(f: () => unknown): Promise<readonly { readonly site: Site; readonly calls: number }[]> {
    this.counts = new Map();
    await f();
    return [...this.counts.values()];
  }

  /** Runs `f` with a fault armed, and gives what it throws. */
  async thrownBy(fault: Fault, f: () => unknown): Promise<unknown> {
    this.counts = new Map();
    this.armed = fault;
    this.fired = false;
    try {
      await f();
      return undefined;
    } catch (thrown) {
      return thrown;
    } finally {
      this.armed = undefined;
    }
  }

  private readonly around: Around = (site, f) =>
    ((...given: never[]) => {
      const known = this.counts.get(site.key) ?? { site, calls: 0 };
      this.counts.set(site.key, known);
      const { armed } = this;
      const isIt = armed?.site.key === site.key && armed.call === known.calls;
      known.calls++;
      if (isIt && armed.when === 'before') this.throw();
      const made = f(...given);
      if (!isIt) return made;
      return made instanceof Promise ? made.then((late) => this.throwInPlaceOf(late)) : this.throw();
    }) as typeof f;

  /** No scope holds what a promise gives: who fails to give it frees it. */
  private throwInPlaceOf(late: unknown): never {
    if (late instanceof Tensor) late.dispose();
    return this.throw();
  }

  private throw(): never {
    this.fired = true;
    throw this.error;
  }
}
