import type { Plugin } from '@tapgrad/core';
import { engine, type Tensor } from '@tensorflow/tfjs-core';
import { type Around, instrumented, type Site } from './instrumented.ts';
import { count } from './trial.ts';

interface Made {
  readonly site: Site;
  /** Tensors more than before the call. */
  readonly tensors: number;
  /** Those of them that a tfjs scope was to free. */
  readonly scoped: readonly Tensor[];
}

/** Watches what each function of a plugin makes, to say which one left something behind. */
export class LeakWatch {
  private made: Made[] = [];

  into(plugins: Plugin | readonly Plugin[]): Plugin[] {
    return [plugins].flat().map((plugin) => instrumented(plugin, this.around));
  }

  clear(): void {
    this.made = [];
  }

  /** The function of which most is left. */
  worst(): Site | undefined {
    const left = new Map<string, { site: Site; tensors: number }>();
    for (const { site, tensors, scoped } of this.made) {
      const known = left.get(site.key) ?? { site, tensors: 0 };
      known.tensors += tensors - scoped.filter(({ isDisposed }) => isDisposed).length;
      left.set(site.key, known);
    }
    const [worst] = [...left.values()].filter(({ tensors }) => tensors > 0).sort((a, b) => b.tensors - a.tensors);
    return worst?.site;
  }

  private readonly around: Around = (site, f) =>
    ((...given: never[]) => {
      const { activeScope } = engine().state;
      const [tracked, before] = [activeScope?.track.length ?? 0, count().tensors];
      try {
        return f(...given);
      } finally {
        const scoped = activeScope?.track.slice(tracked) ?? [];
        this.made.push({ site, tensors: count().tensors - before, scoped });
      }
    }) as typeof f;
}
