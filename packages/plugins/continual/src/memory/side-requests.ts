import type { LossContext } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Computes a value `[batch, …]` to be kept of each sample. */
export type SideValue = (context: LossContext) => Tensor;

/** Side values that plugins asked for. Several may ask for one name: it is kept until the last of them has withdrawn. */
export class SideRequests {
  private readonly asked = new Map<string, Set<{ readonly of: SideValue }>>();

  get names(): ReadonlySet<string> {
    return new Set(this.asked.keys());
  }

  /** Each name with what the longest standing request computes. */
  *values(): Generator<readonly [name: string, of: SideValue]> {
    for (const [name, [longest]] of this.asked) if (longest) yield [name, longest.of];
  }

  /** Gives a function that takes the request back. */
  add(name: string, of: SideValue): () => void {
    const request = { of };
    const requests = this.asked.get(name) ?? new Set();
    this.asked.set(name, requests.add(request));
    return () => {
      if (requests.delete(request) && requests.size === 0) this.asked.delete(name);
    };
  }
}
