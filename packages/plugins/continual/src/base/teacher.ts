import type { PluginContext, StackSnapshot } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

type Services = Pick<PluginContext<unknown>, 'snapshotStack'>;

/** The stack as it was at some moment, which a plugin learns from and saves: none at first. */
export class Teacher {
  private snapshot: StackSnapshot | undefined;

  constructor(
    private readonly services: Services,
    private readonly options: { readonly training?: boolean } = {},
  ) {}

  get exists(): boolean {
    return this.snapshot !== undefined;
  }

  /** From now on the teacher is the stack as it is now. */
  take(): void {
    this.replace(this.services.snapshotStack(this.options));
  }

  /** What it gives, without a tape; the outputs belong to the scope of the caller. */
  predict(inputs: unknown): unknown {
    return this.snapshot?.predict(...(Array.isArray(inputs) ? inputs : [inputs]));
  }

  /** For `saveState`. */
  tensors(prefix = 'teacher/'): Map<string, Tensor> {
    return new Map([...(this.snapshot?.values ?? [])].map(([name, value]) => [prefix + name, value]));
  }

  /** For `loadState`: the teacher of the state, or none. */
  load(tensors: ReadonlyMap<string, Tensor> | undefined, prefix = 'teacher/'): void {
    const found = [...(tensors ?? [])].filter(([name]) => name.startsWith(prefix));
    const values = new Map(found.map(([name, value]) => [name.slice(prefix.length), value]));
    this.replace(values.size > 0 ? this.services.snapshotStack({ ...this.options, values }) : undefined);
  }

  private replace(next: StackSnapshot | undefined): void {
    this.snapshot?.dispose();
    this.snapshot = next;
  }
}
