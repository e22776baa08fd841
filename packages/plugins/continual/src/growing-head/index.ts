import { definePlugin, type LifeCycleContext } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import { concat } from '@tensorflow/tfjs-core';
import { arrivingClasses } from '../base/arrival.ts';
import { findHead, headsBefore, withoutHeads } from '../base/head.ts';
import { replaceHead } from '../base/replace-head.ts';
import { type CheckedGrowingHeadOptions, type GrowingHeadOptions, growingHeadOptions } from './options.ts';

/** Columns of each part, in the order of arrival. */
type Sizes = readonly number[];

/**
 * A head that grows: in the place of the model's last linear layer, or of the classifier that another plugin brings, one linear part per task, `growing-head/parts.0`, …, added
 * when a task begins, for its classes that have no column yet. Parts that are there keep their names, values and optimizer
 * state. The model then returns `[batch, columns]`, the parts side by side; before the first task, what it returns by itself.
 * The model's own head stays as it is.
 * @throws TapgradError at attach: HEAD_UNKNOWN, HEAD_MISSING, HEAD_AMBIGUOUS, HEAD_TAKEN; at the beginning of a task:
 * HEAD_CLASSES; in forward: OUTPUT_KIND
 */
export const growingHead = definePlugin<GrowingHeadOptions, CheckedGrowingHeadOptions>({
  name: 'growing-head',
  version: '0.0.0',
  after: headsBefore,
  conflicts: withoutHeads,
  reads: ['output:model'],
  writes: ['head:model'],
  options: growingHeadOptions,
  apply(context) {
    const { options, hooks, addModule, remove, random } = context;
    const head = findHead(context, options.head);
    const bias = options.bias ?? head.bias;
    const parts: Linear[] = [];
    const nameOf = (part: number) => `parts.${part}`;
    const grow = (columns: number) => {
      const name = nameOf(parts.length);
      parts.push(addModule(name, new Linear(head.width, columns, { bias, random: random(name) })));
    };
    const shrinkTo = (count: number) => {
      while (parts.length > count) {
        parts.pop();
        remove(nameOf(parts.length));
      }
    };
    replaceHead(context, head, 'parts.', (features) => {
      const logits = parts.map((part) => part.call(features));
      return logits.length > 1 ? concat(logits, -1) : logits[0];
    });
    hooks.task.begin.tap(({ task, resumed }: LifeCycleContext) => {
      // The state that is loaded next says which parts there are.
      if (!task || resumed === true) return;
      const { length } = arrivingClasses(task, total(sizesOf(parts)));
      if (length > 0) grow(length);
    });
    return {
      saveState: () => ({ json: sizesOf(parts) }),
      reshape(json) {
        const sizes = json as Sizes;
        const differing = parts.findIndex(({ outFeatures }, part) => outFeatures !== sizes[part]);
        if (differing >= 0) shrinkTo(differing);
        for (const size of sizes.slice(parts.length)) grow(size);
      },
    };
  },
});

function sizesOf(parts: readonly Linear[]): Sizes {
  return parts.map((part) => part.outFeatures);
}

function total(sizes: Sizes): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}
