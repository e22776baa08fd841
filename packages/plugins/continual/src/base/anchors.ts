import { copyOf, type Parameter, type PluginContext } from '@tapgrad/core';
import { keep, type Tensor } from '@tensorflow/tfjs-core';

/**
 * Copies of values by name, for example of the weights at the beginning of a task. A plugin that uses them saves `tensors()`
 * and clears them when it is disposed.
 */
export class Anchors {
  private readonly values = new Map<string, Tensor>();

  constructor(private readonly services: Pick<PluginContext<unknown>, 'ledger' | 'name'>) {}

  get all(): ReadonlyMap<string, Tensor> {
    return this.values;
  }

  /** Copies what the parameters hold now; those of other names are forgotten. */
  take(parameters: ReadonlyMap<string, Pick<Parameter, 'variable'>>): void {
    this.clear();
    for (const [name, { variable }] of parameters) this.set(name, variable);
  }

  /** Copies a value; the tensor remains the caller's. */
  set(name: string, value: Tensor): void {
    this.keep(name, copyOf(value));
  }

  /** Takes a tensor over, in place of the one of this name. */
  keep(name: string, tensor: Tensor): void {
    this.services.ledger.claim(keep(tensor), 'plugin', this.services.name);
    this.values.get(name)?.dispose();
    this.values.set(name, tensor);
  }

  get(name: string): Tensor | undefined {
    return this.values.get(name);
  }

  delete(name: string): void {
    this.values.get(name)?.dispose();
    this.values.delete(name);
  }

  /** For `saveState`. */
  tensors(prefix: string): Map<string, Tensor> {
    return new Map([...this.values].map(([name, value]) => [prefix + name, value]));
  }

  /** For `loadState`: those of the state, which may be none. */
  load(tensors: ReadonlyMap<string, Tensor> | undefined, prefix: string): void {
    this.clear();
    for (const [name, value] of tensors ?? []) if (name.startsWith(prefix)) this.set(name.slice(prefix.length), value);
  }

  clear(): void {
    for (const value of this.values.values()) value.dispose();
    this.values.clear();
  }
}
