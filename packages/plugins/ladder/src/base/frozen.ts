import type { PluginContext } from '@tapgrad/core';
import { BatchNorm2d } from '@tapgrad/nn';

/** Nothing but the plugin's own parameters trains, and the backbone's batch norms keep their statistics. */
export function freezeBackbone<O>(context: PluginContext<O>): void {
  context.filterTrainable((name) => (name.startsWith(`${context.name}/`) ? undefined : false));
  const norms = [...context.model.namedModules().values()].filter((module) => module instanceof BatchNorm2d);
  context.keepInEvaluation(norms);
}
