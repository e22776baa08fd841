import { type Plugin, SlotPlan } from '@tapgrad/core';
import { type Around, instrumented, type Site } from './instrumented.ts';
import { firstDifference, type Values, valuesIn } from './values.ts';

/** Writes down what each function of a plugin returns, so that two runs can be compared hook by hook. */
export class HookJournal {
  private entries: { readonly site: Site; readonly values: Promise<Values> }[] = [];

  into(plugins: Plugin | readonly Plugin[]): Plugin[] {
    return [plugins].flat().map((plugin) => instrumented(plugin, this.around));
  }

  /** Forgets what was written so far. */
  clear(): void {
    this.entries = [];
  }

  /** The first function that returned something else than in the other run, or was not called in its turn. */
  async difference(other: HookJournal): Promise<Site | undefined> {
    for (const [i, { site, values }] of this.entries.entries()) {
      const entry = other.entries[i];
      if (entry?.site.key !== site.key) return site;
      if (firstDifference(await values, await entry.values) !== undefined) return site;
    }
    return undefined;
  }

  private readonly around: Around = (site, f) =>
    ((...given: never[]) => {
      const made = f(...given);
      // Read at once: the tensors live as long as the stack wants.
      if (site.hook !== 'apply' && !(made instanceof SlotPlan)) {
        const values = made instanceof Promise ? made.then(valuesIn) : valuesIn(made);
        this.entries.push({ site, values: values.catch(() => new Map()) });
      }
      return made;
    }) as typeof f;
}

/** Runs two courses that should be the same once more, and says in which hook of which plugin they part. */
export async function partingHook(
  ...runs: readonly [(journal: HookJournal) => Promise<unknown>, (journal: HookJournal) => Promise<unknown>]
): Promise<{ plugin?: string; hook?: string }> {
  const [first, second] = [new HookJournal(), new HookJournal()];
  await runs[0](first);
  await runs[1](second);
  const site = await first.difference(second);
  return site ? { plugin: site.plugin, hook: site.hook } : {};
}
