import type { Parameter, PluginContext } from '@tapgrad/core';
import { mul, sub, tidy } from '@tensorflow/tfjs-core';

type Context = Pick<PluginContext<unknown>, 'hooks' | 'filterTrainable' | 'parameters'>;

/**
 * Plain gradient descent at a rate of its own, for the parameters whose name begins with `prefix`: the optimizer passes
 * them by, with its momentum, decay and schedule.
 */
export function descendAlone({ hooks, filterTrainable, parameters }: Context, prefix: string, rate: number): void {
  let updating = false;
  const own = (name: string) => name.startsWith(prefix);
  // While the optimizer runs, they do not train.
  filterTrainable((name) => (updating && own(name) ? false : undefined));
  hooks.update.before.tap(() => {
    updating = true;
  });
  hooks.update.after.tap(({ gradients }) => {
    updating = false;
    const all = parameters();
    for (const [name, gradient] of gradients) {
      const parameter: Parameter | undefined = own(name) ? all.get(name) : undefined;
      if (parameter) tidy(() => parameter.assign(sub(parameter.variable, mul(gradient, rate))));
    }
  });
  hooks.step.end.tap(() => {
    updating = false;
  });
}
