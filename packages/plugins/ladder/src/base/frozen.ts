import type { PluginContext } from '@tapgrad/core';
import { BatchNorm2d } from '@tapgrad/nn';

/** No parameter of the model trains, and its batch norms keep their statistics; what plugins added is left to them. */
export function freezeBackbone<O>(context: PluginContext<O>): void {
  context.filterTrainable((name) => (name.includes('/') ? undefined : false));
  const norms = [...context.model.namedModules().values()].filter((module) => module instanceof BatchNorm2d);
  context.keepInEvaluation(norms);
}
