import { type PluginContext, pathMatcher, TapgradError } from '@tapgrad/core';
import { lastLinear } from '../base/last-linear.ts';
import type { CheckedLwfOptions } from './options.ts';

/** Lets the classifier alone train for some updates at the beginning of a task. */
export class WarmUp {
  /** Number of the update that the task began with; undefined in the first task, which has none. */
  private began: number | undefined;

  constructor(private readonly context: PluginContext<CheckedLwfOptions>) {
    const { hooks, options } = context;
    if (options.warmUp === 0) return;
    const isHead = this.headMatcher();
    context.filterTrainable((name) => (this.goesOn ? isHead(name) : undefined));
    hooks.task.begin.tap(({ index, step }) => {
      this.began = index === 0 ? undefined : step;
    });
  }

  private get goesOn(): boolean {
    return this.began !== undefined && this.context.step() < this.began + this.context.options.warmUp;
  }

  private headMatcher(): (name: string) => boolean {
    const { model, options, parameters } = this.context;
    const path = options.head === undefined ? lastLinear(model) : undefined;
    const pattern = options.head ?? (path === '' ? '*' : `${path}.**`);
    const matches = pathMatcher(pattern);
    if ([...parameters().keys()].some(matches)) {
      return path === undefined ? matches : (name) => matches(name) || name.startsWith('growing-head/');
    }
    throw new TapgradError({
      code: 'LWF_HEAD',
      message: `no parameter matches ${pattern}: nothing would train in the warm-up`,
      fix: 'let `head` match the parameters of the classifier',
    });
  }

  json(): number | null {
    return this.began ?? null;
  }

  load(json: number | null): void {
    this.began = json ?? undefined;
  }
}
