import { definePlugin } from '@tapgrad/core';

/** Lets the first peak be that of training: a checkpoint is loaded beside what it replaces. */
export const freshPeak = definePlugin({
  name: 'fresh-peak',
  apply({ hooks, ledger }) {
    let begun = false;
    hooks.step.begin.tap(() => {
      if (!begun) ledger.resetPeak();
      begun = true;
    });
  },
});
