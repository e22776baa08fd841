import { detach, type PluginContext } from '@tapgrad/core';
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { backwardLocally, type Crossing, followParts } from './follow-parts.ts';
import type { Cut } from './partition.ts';

/**
 * Cuts the graph at every cut, and trains the part before it by the loss that `localLoss` makes of what the part made, at
 * once: the part's tape is freed before the next part runs. Each loss is a term named `<plugin>/<cut>`; as it is
 * differentiated already, the sum of terms only shows it.
 */
export function learnLocally<O>(
  context: PluginContext<O>,
  cuts: readonly Cut[],
  localLoss: (cut: number, crossing: Crossing) => Tensor,
): void {
  /** Local losses of the forward that runs, in its pass's scope. */
  let losses = new Map<string, Tensor>();
  let of: unknown;
  followParts(context, cuts, (cut, crossing) => {
    const { tape, pass, value } = crossing;
    if (of !== pass) {
      losses = new Map();
      of = pass;
    }
    tidy(() => {
      const loss = localLoss(cut, crossing);
      // A handle without a history, that lives until the loss terms are complete.
      losses.set(
        `${context.name}/${cut}`,
        pass.scope.run(() => detach(loss)),
      );
      backwardLocally(tape, loss, { scale: pass.weight });
    });
    return detach(value);
  });
  if (cuts.length === 0) return;
  context.hooks.loss.tap((terms) => (of === context.pass() ? { ...terms, ...Object.fromEntries(losses) } : undefined));
}
