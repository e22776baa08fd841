import { definePlugin, type Plugin, type SaveRequest, SlotPlan } from '@tapgrad/core';

/**
 * Runs behind the plugins named and takes the stages that say `lossy` out of every slot that `from` picks.
 * @param from asked of each value that is kept, and whether it has such a stage; default: picks all
 */
export function withoutLossyStages(
  plugins: readonly string[],
  from: (request: SaveRequest, lossy: boolean) => boolean = () => true,
): Plugin {
  return definePlugin({
    name: 'without-lossy-stages',
    after: plugins,
    apply({ hooks }) {
      hooks.save.tap((plan, request) => {
        const exact = plan.stages.filter(({ lossy }) => lossy === undefined);
        const lossy = exact.length < plan.stages.length;
        return from(request, lossy) && lossy ? new SlotPlan(exact) : plan;
      });
    },
  })();
}
