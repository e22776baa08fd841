import { type Module, TapgradError } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';

/**
 * Path of the last linear layer of a model, in the order of its properties: the classifier of most.
 * @throws TapgradError NO_LINEAR
 */
export function lastLinear(model: Module<never, unknown>): string {
  const [found] = [...model.namedModules()].reverse().find(([, module]) => module instanceof Linear) ?? [];
  if (found !== undefined) return found;
  throw new TapgradError({
    code: 'NO_LINEAR',
    message: 'the model has no linear layer to take for its classifier',
    fix: 'say with an option where it is: `at` for features, `head` for a classifier’s parameters',
  });
}
