import { type PluginContext, pathMatcher, TapgradError } from '@tapgrad/core';
import { broughtClassifiers } from '../base/head.ts';
import { lastLinear } from '../base/last-linear.ts';
import { headReplacement } from '../base/replace-head.ts';
import type { CheckedLwfOptions } from './options.ts';

/** Lets the classifier alone train for some updates at the beginning of a task. */
export class WarmUp {
  /** Number of the update that the task began with; undefined in the first task, which has none. */
  private began: number | undefined;

  constructor(private readonly context: PluginContext<CheckedLwfOptions>) {
    const { hooks, options } = context;
    if (options.warmUp === 0) return;
    const isHead = this.headMatcher();
    // What is frozen stays so: `true` would let it train.
    context.filterTrainable((name) => (this.goesOn && !isHead(name) ? false : undefined));
    hooks.task.begin.tap(({ index, step }) => {
      this.began = index === 0 ? undefined : step;
    });
  }

  private get goesOn(): boolean {
    return this.began !== undefined && this.context.step() < this.began + this.context.options.warmUp;
  }

  private headMatcher(): (name: string) => boolean {
    const { context } = this;
    const { head } = context.options;
    const replacement = head === undefined ? headReplacement(context) : undefined;
    if (replacement) {
      const { plugin, classifier } = replacement;
      // Its parameters come with the tasks.
      if (classifier !== undefined) return (name) => name.startsWith(classifier);
      throw refused(`the classifier of ${plugin} does not train: nothing would train in the warm-up`);
    }
    const pattern = head ?? this.ownHead();
    const matches = pathMatcher(pattern);
    const matching = [...context.parameters().keys()].filter(matches);
    if (matching.length === 0) throw refused(`no parameter matches ${pattern}: nothing would train in the warm-up`);
    const training = context.trainableParameters();
    if (matching.some((name) => training.has(name))) return matches;
    throw refused(`${pattern} does not train: nothing would train in the warm-up`);
  }

  /** Pattern of the parameters of the classifier that a plugin has brought, or of the model's own. */
  private ownHead(): string {
    const path = broughtClassifiers(this.context.modules())[0] ?? lastLinear(this.context.model);
    return path === '' ? '*' : `${path}.**`;
  }

  json(): number | null {
    return this.began ?? null;
  }

  load(json: number | null): void {
    this.began = json ?? undefined;
  }
}

function refused(message: string): TapgradError {
  return new TapgradError({
    code: 'LWF_HEAD',
    message,
    fix: 'let `head` match parameters of a classifier that trains, or leave `warmUp` at 0',
  });
}
