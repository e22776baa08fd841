import { type Optimizer, type Parameter, TapgradError } from '@tapgrad/core';
import { fill, type Tensor, tidy, type Variable, variable } from '@tensorflow/tfjs-core';

/** What an optimizer remembers of one parameter. */
export interface ParameterState {
  /** Updates made to this parameter. */
  steps: number;
  /** Tensors of the parameter's shape, by the optimizer's names for them. */
  readonly slots: ReadonlyMap<string, Variable>;
}

/** One parameter that a step updates. */
export interface ParameterUpdate {
  readonly name: string;
  readonly parameter: Parameter;
  readonly gradient: Tensor;
  readonly state: ParameterState;
}

/**
 * An optimizer whose state is kept by parameter name: a parameter that stops training for a while finds its moments as
 * it left them. Updates go one parameter at a time, so that temporaries are those of one parameter, unless `updateAll`
 * makes them without temporaries.
 */
export abstract class NamedStateOptimizer implements Optimizer {
  private readonly states = new Map<string, ParameterState>();

  constructor(
    /** Multiplied with the update; a schedule sets it anew at each step. */
    public learningRate: number,
    private readonly slotNames: readonly string[],
    private readonly factorOf: (name: string) => number = () => 1,
  ) {}

  /** The learning rate of one parameter. */
  protected rateOf(name: string): number {
    return this.learningRate * this.factorOf(name);
  }

  /** Changes the parameter (and the state's slots) by its gradient. Runs in a tfjs scope of its own. */
  protected abstract update(name: string, parameter: Parameter, gradient: Tensor, state: ParameterState): void;

  /** All updates of a step. */
  protected updateAll(updates: readonly ParameterUpdate[]): void {
    for (const { name, parameter, gradient, state } of updates) {
      tidy(() => this.update(name, parameter, gradient, state));
    }
  }

  /**
   * @throws TapgradError SHAPE_MISMATCH for a gradient, or state, that has not the parameter's shape; nothing has changed
   * then
   */
  step(parameters: ReadonlyMap<string, Parameter>, gradients: ReadonlyMap<string, Tensor>): void {
    // A kernel that writes in place trusts the sizes.
    for (const [name, gradient] of gradients) this.checkShapes(name, parameters.get(name), gradient);
    const updates: ParameterUpdate[] = [];
    for (const [name, parameter] of parameters) {
      const gradient = gradients.get(name);
      if (!gradient) continue;
      const state = this.stateOf(name, parameter);
      state.steps++;
      updates.push({ name, parameter, gradient, state });
    }
    this.updateAll(updates);
  }

  state(): ReadonlyMap<string, Tensor> {
    const all = new Map<string, Tensor>();
    for (const [name, { slots }] of this.states) for (const [slot, each] of slots) all.set(`${name}/${slot}`, each);
    return all;
  }

  counters(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.states].map(([name, { steps }]) => [name, steps]));
  }

  /**
   * Replaces all state. The tensors remain the caller's.
   * @throws TapgradError OPTIMIZER_STATE if they are not this optimizer's; nothing has changed then
   */
  loadState(tensors: ReadonlyMap<string, Tensor>, counters: Readonly<Record<string, number>>): void {
    this.checkState(tensors, counters);
    this.dispose();
    for (const [name, steps] of Object.entries(counters)) {
      const slots = this.slotNames.map((slot) => [slot, variable(tensors.get(`${name}/${slot}`) as Tensor, false)]);
      this.states.set(name, { steps, slots: new Map(slots as [string, Variable][]) });
    }
  }

  /** Throws OPTIMIZER_STATE unless `loadState` would take these. */
  checkState(tensors: ReadonlyMap<string, Tensor>, counters: Readonly<Record<string, number>>): void {
    const expected = Object.keys(counters).flatMap((name) => this.slotNames.map((slot) => `${name}/${slot}`));
    const missing = expected.find((key) => !tensors.has(key));
    const unexpected = [...tensors.keys()].find((key) => !expected.includes(key));
    const [wrong] = Object.entries(counters).find(([, steps]) => !Number.isSafeInteger(steps) || steps < 0) ?? [];
    if (missing === undefined && unexpected === undefined && wrong === undefined) return;
    throw new TapgradError({
      code: 'OPTIMIZER_STATE',
      message: `the state is not that of this optimizer: ${
        missing !== undefined
          ? `${missing} is missing`
          : unexpected !== undefined
            ? `${unexpected} is unknown to it`
            : `the step count of ${wrong} is no count`
      }`,
      fix: 'load it into an optimizer of the same kind and options, or load without the optimizer',
    });
  }

  dispose(): void {
    for (const { slots } of this.states.values()) for (const each of slots.values()) each.dispose();
    this.states.clear();
  }

  private checkShapes(name: string, parameter: Parameter | undefined, gradient: Tensor): void {
    if (!parameter) return;
    const expected = parameter.shape.join();
    const others = { gradient, ...Object.fromEntries(this.states.get(name)?.slots ?? []) };
    for (const [what, { shape }] of Object.entries(others)) {
      if (shape.join() === expected) continue;
      throw new TapgradError({
        code: 'SHAPE_MISMATCH',
        message: `${name} is [${expected}], its ${what} is [${shape}]`,
        fix: "give each model an optimizer of its own, and return gradients of their parameters' shapes from hooks",
      });
    }
  }

  private stateOf(name: string, parameter: Parameter): ParameterState {
    const known = this.states.get(name);
    if (known) return known;
    const slots = this.slotNames.map((slot) => {
      // Unlike `zeros`, nothing of that size is made on the host first.
      const start = fill([...parameter.shape], 0);
      const made = variable(start, false);
      start.dispose();
      return [slot, made] as const;
    });
    const state = { steps: 0, slots: new Map(slots) };
    this.states.set(name, state);
    return state;
  }
}
