import { definePlugin, type Plugin, SlotPlan } from '@tapgrad/core';

/** Runs behind the plugins named and takes out of every slot the stages that say `lossy`. */
export function withoutLossyStages(plugins: readonly string[]): Plugin {
  return definePlugin({
    name: 'without-lossy-stages',
    after: plugins,
    apply({ hooks }) {
      hooks.save.tap((plan) => new SlotPlan(plan.stages.filter(({ lossy }) => lossy === undefined)));
    },
  })();
}
