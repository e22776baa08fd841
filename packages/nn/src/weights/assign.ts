import { type Module, TapgradError } from '@tapgrad/core';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';

export interface AssignOptions {
  /** The name that a parameter or buffer of the model has among the weights. Default: the same. */
  readonly names?: (name: string) => string;
  /** Names of the model that the weights need not have, for example those of a new `head`. Default: none. */
  readonly optional?: (name: string) => boolean;
}

/** The weight of a parameter, in the parameter's layout; undefined if there is none. Runs in a scope of its own. */
type Lookup = (stored: string, name: string, shape: readonly number[]) => Tensor | undefined;

/**
 * Assigns weights by name to a model, for example those of `loadTfjsWeights`, whose layouts are the model's own.
 * Everything is checked before anything is assigned. The tensors remain the caller's.
 * @throws TapgradError `WEIGHT_MISSING` with the first missing name; `STATE_MISMATCH` for a wrong shape
 */
export function assignWeights(
  model: Module<never, unknown>,
  weights: ReadonlyMap<string, Tensor>,
  options: AssignOptions = {},
): void {
  assignFrom(model, (stored) => weights.get(stored), options);
}

export function assignFrom(
  model: Module<never, unknown>,
  lookup: Lookup,
  { names = (name) => name, optional = () => false }: AssignOptions,
): void {
  tidy(() => {
    const state = new Map<string, Tensor>();
    for (const [name, { shape }] of [...model.namedParameters(), ...model.namedBuffers()]) {
      const weight = lookup(names(name), name, shape);
      if (weight) state.set(name, weight);
      else if (!optional(name)) throw missing(name, names(name));
    }
    model.loadState(state, { strict: false });
  });
}

function missing(name: string, stored: string): TapgradError {
  return new TapgradError({
    code: 'WEIGHT_MISSING',
    message: `there is no weight ${stored}, which is ${name} of the model`,
    fix: 'check that weights and model are of one architecture, or map names with { names }',
  });
}
