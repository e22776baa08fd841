import { type PluginContext, pathMatcher, TapgradError } from '@tapgrad/core';

type Context = Pick<PluginContext<unknown>, 'name' | 'model' | 'filterTrainable'>;

/**
 * Of the model, only parameters whose name matches train; what plugins added is left to them.
 * @returns whether a parameter of that name trains
 * @throws TapgradError TOKENS_TRAIN if a pattern was given, and no parameter matches
 */
export function trainOnly(
  { model, filterTrainable }: Context,
  given: string | undefined,
  otherwise: string,
): (name: string) => boolean {
  const matches = pathMatcher(given ?? otherwise);
  if (given !== undefined && given !== '' && ![...model.namedParameters().keys()].some(matches)) {
    throw new TapgradError({
      code: 'TOKENS_TRAIN',
      message: `no parameter of the model matches ${given}`,
      fix: "give `train` as a pattern over parameter names, for example 'head.**', or '' for none",
    });
  }
  filterTrainable((name) => (name.includes('/') ? undefined : matches(name)));
  return matches;
}

/** Modules that the plugin added go with the model's mode: `model.eval()` does not reach them. */
export function followMode(
  { hooks }: Pick<PluginContext<unknown>, 'hooks'>,
  modules: readonly { training: boolean; train(mode: boolean): unknown }[],
): void {
  hooks.tap(':input').forward<unknown>((_, { training }) => {
    for (const module of modules) if (module.training !== training) module.train(training);
  });
}
