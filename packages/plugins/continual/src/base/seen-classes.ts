import type { PluginContext } from '@tapgrad/core';

/** The classes of the tasks that have ended, and of the one that goes on. A plugin that uses it saves `json()`. */
export class SeenClasses {
  private before: number[] = [];
  private now: number[] = [];

  constructor({ hooks }: Pick<PluginContext<unknown>, 'hooks'>) {
    hooks.task.begin.tap(({ task }) => {
      this.now = [...(task?.classes ?? [])];
    });
    hooks.task.end.tap(() => {
      this.before = this.all;
      this.now = [];
    });
  }

  /** Of tasks that have ended, ascending. */
  get old(): readonly number[] {
    return this.before;
  }

  /** Those and the ones of the task that goes on, ascending. */
  get all(): number[] {
    return [...new Set([...this.before, ...this.now])].sort((a, b) => a - b);
  }

  json(): { readonly before: readonly number[]; readonly now: readonly number[] } {
    return { before: this.before, now: this.now };
  }

  load({ before, now }: ReturnType<SeenClasses['json']>): void {
    this.before = [...before];
    this.now = [...now];
  }
}
