import { plan, type StepMemory } from '@tapgrad/backend-meta';
import type { Sizes } from '../models/built-in-model.ts';
import { builtInModels } from '../models/index.ts';
import { choose } from '../user-error.ts';
import { optimizers } from './optimizers.ts';
import { pluginsOf } from './plugins.ts';

export interface PlanRequest extends Sizes {
  readonly model: string;
  readonly plugins: readonly string[];
  /** Options by plugin, as JSON. */
  readonly options: string | undefined;
  readonly optimizer: string;
}

export interface Planned {
  readonly request: PlanRequest;
  /** Of one batch, in words. */
  readonly batch: string;
  /** Every parameter trained, no plugin. */
  readonly full: StepMemory;
  readonly withPlugins: StepMemory | undefined;
}

/**
 * Plans a training step of a built-in model, and one of full fine-tuning beside it.
 * @throws UserError for unknown names; TapgradError where the plugins do not fit the model or each other
 */
export async function planModel(request: PlanRequest): Promise<Planned> {
  const model = choose('model', request.model, builtInModels);
  const optimizer = choose('optimizer', request.optimizer, optimizers);
  const plugins = pluginsOf(request.plugins, model, request, request.options);
  const stepOf = (list: typeof plugins) =>
    plan(model.build(request), list, model.batch(request), optimizer === 'none' ? {} : { optimizer });
  const full = await stepOf([]);
  const withPlugins = plugins.length > 0 ? await stepOf(plugins) : undefined;
  return { request, batch: model.describe(request), full, withPlugins };
}
