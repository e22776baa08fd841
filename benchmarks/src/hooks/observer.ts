import { definePlugin } from '@tapgrad/core';

/** A plugin that looks at a little of everything, every step, and changes nothing. */
export function observer(number: number) {
  let seen = 0;
  return definePlugin({
    name: `observer-${number}`,
    apply({ hooks }) {
      const look = () => {
        seen++;
      };
      hooks.tap('layers.*:output').forward(look);
      hooks.tap('layers.*:output').backward(look);
      hooks.save.tap(look);
      hooks.batch.tap(look);
      hooks.loss.tap(look);
      hooks.gradients.microBatch.tap(look);
      hooks.gradients.step.tap(look);
      hooks.update.before.tap(look);
      hooks.update.after.tap(look);
      hooks.step.begin.tap(look);
      hooks.step.end.tap(look);
      return { saveState: () => ({ json: seen }) };
    },
  })();
}
