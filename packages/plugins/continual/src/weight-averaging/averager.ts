import { type BufferTensor, copyOf, type Parameter, type PluginContext } from '@tapgrad/core';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { Anchors } from '../base/anchors.ts';
import { shareOfNext, takesIn, towards } from './math.ts';
import type { CheckedWeightAveragingOptions } from './options.ts';

type Value = Parameter | BufferTensor;
type Services = Pick<
  PluginContext<CheckedWeightAveragingOptions>,
  'ledger' | 'name' | 'model' | 'options' | 'parameters' | 'trainableParameters'
>;

interface Counts {
  /** Updates made in the task. */
  readonly updates: number;
  /** Points in the mean, the task's start among them. */
  readonly points: number;
}

const buffers = 'buffers/';

/** The average of a task's weights: of every parameter that trains, and of the model's running statistics. */
export class Averager {
  private readonly average: Anchors;
  private swapped = false;
  private counts: Counts = { updates: 0, points: 1 };

  constructor(private readonly services: Services) {
    this.average = new Anchors(services);
  }

  get running(): boolean {
    return this.average.all.size > 0;
  }

  /** The average is the weights as they are now. */
  begin(): void {
    this.stepBack();
    this.average.take(new Map([...this.services.trainableParameters(), ...this.statistics()]));
    this.counts = { updates: 0, points: 1 };
  }

  /** What begins to train in the middle of a task has been the same until now. */
  beforeUpdate(): void {
    for (const [name, { variable }] of this.services.trainableParameters()) {
      if (!this.average.all.has(name)) this.average.set(name, variable);
    }
  }

  afterUpdate(): void {
    const { mode, every, decay } = this.services.options;
    const { updates, points } = this.counts;
    const takes = mode !== 'wise' && takesIn(updates, every);
    if (takes) this.mix(mode === 'ema' ? 1 - decay : shareOfNext(points));
    this.counts = { updates: updates + 1, points: points + (takes ? 1 : 0) };
  }

  /** The weights become the average, which ends. */
  end(): void {
    this.stepBack();
    const { mode, alpha } = this.services.options;
    if (mode === 'wise') this.each((value, start) => value.assign(towards(value.variable, start, 1 - alpha)));
    else this.each((value, average) => value.assign(average));
    this.average.clear();
  }

  /** The average takes the weights' place, and they its, until `stepBack`. */
  stepIn(): void {
    if (!this.swapped) this.swap();
  }

  stepBack(): void {
    if (this.swapped) this.swap();
  }

  tensors(): Map<string, Tensor> {
    // What is saved while the average stands in for the weights must be the weights.
    this.stepBack();
    return this.average.tensors('average/');
  }

  json(): Counts {
    return this.counts;
  }

  load(tensors: ReadonlyMap<string, Tensor> | undefined, counts: Counts): void {
    this.swapped = false;
    this.average.load(tensors, 'average/');
    this.counts = { ...counts };
  }

  dispose(): void {
    this.stepBack();
    this.average.clear();
  }

  private mix(share: number): void {
    this.each((value, before, name) => this.average.set(name, towards(before, value.variable, share)));
  }

  private swap(): void {
    this.each((value, other, name) => {
      const own = copyOf(value.variable);
      value.assign(other);
      this.average.set(name, own);
    });
    this.swapped = !this.swapped;
  }

  /** Visits what is averaged, with its average or start. */
  private each(visit: (value: Value, average: Tensor, name: string) => void): void {
    const values = this.values();
    tidy(() => {
      for (const [name, average] of [...this.average.all]) {
        const value = values.get(name);
        if (value) visit(value, average, name);
      }
    });
  }

  /** All that could be averaged: what stops training in the middle of a task keeps its average. */
  private values(): Map<string, Value> {
    return new Map<string, Value>([...this.services.parameters(), ...this.statistics()]);
  }

  private statistics(): [string, BufferTensor][] {
    const all = [...this.services.model.namedBuffers()].filter(([, { dtype }]) => dtype === 'float32');
    return all.map(([name, each]) => [buffers + name, each]);
  }
}
