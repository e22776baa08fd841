import type { Parameter, PluginContext } from '@tapgrad/core';
import { clone, dispose, keep, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { Anchors } from '../base/anchors.ts';
import { padded } from '../base/grown.ts';
import { penaltyOf } from '../base/quadratic-penalty.ts';
import { decayed } from './math.ts';

/** Importances of parameters, and where they are pulled to. */
export class ElasticWeights {
  private readonly importance: Anchors;
  private readonly anchors: Anchors;

  constructor(context: Pick<PluginContext<unknown>, 'ledger' | 'name'>) {
    this.importance = new Anchors(context);
    this.anchors = new Anchors(context);
  }

  /** Σ F (θ − θ*)², undefined before anything is anchored. */
  penalty(parameters: ReadonlyMap<string, Parameter>): Tensor | undefined {
    return penaltyOf(parameters, this.importance, this.anchors);
  }

  /**
   * Importances become γ times what they were plus these, which it takes over; every parameter that has one is anchored where
   * it is now.
   */
  consolidate(parameters: ReadonlyMap<string, Parameter>, fisher: ReadonlyMap<string, Tensor>, gamma: number): void {
    const merged = this.merged(parameters, fisher, gamma);
    for (const name of this.importance.all.keys()) if (!parameters.has(name)) this.delete(name);
    for (const [name, importance] of merged) this.importance.keep(name, importance);
    for (const name of this.importance.all.keys()) {
      const parameter = parameters.get(name);
      if (parameter) this.anchors.set(name, parameter.variable);
    }
  }

  /** New importances; nothing is changed before all of them are there. */
  private merged(
    parameters: ReadonlyMap<string, Parameter>,
    fisher: ReadonlyMap<string, Tensor>,
    gamma: number,
  ): Map<string, Tensor> {
    const all = new Map<string, Tensor>();
    try {
      tidy(() => {
        for (const name of new Set([...this.importance.all.keys(), ...fisher.keys()])) {
          const [parameter, before, fresh] = [parameters.get(name), this.importance.get(name), fisher.get(name)];
          if (!parameter) continue;
          if (!before) all.set(name, keep(clone(fresh as Tensor)));
          else all.set(name, keep(fresh ? decayed(padded(before, parameter.shape), gamma, fresh) : mul(before, gamma)));
        }
      });
      return all;
    } catch (thrown) {
      dispose([...all.values()]);
      throw thrown;
    } finally {
      dispose([...fisher.values()]);
    }
  }

  private delete(name: string): void {
    this.importance.delete(name);
    this.anchors.delete(name);
  }

  tensors(prefix: string): Map<string, Tensor> {
    return new Map([...this.importance.tensors(`${prefix}importance/`), ...this.anchors.tensors(`${prefix}anchor/`)]);
  }

  load(tensors: ReadonlyMap<string, Tensor> | undefined, prefix: string): void {
    this.importance.load(tensors, `${prefix}importance/`);
    this.anchors.load(tensors, `${prefix}anchor/`);
  }

  dispose(): void {
    this.importance.clear();
    this.anchors.clear();
  }
}
