import { definePlugin, TapgradError } from '@tapgrad/core';
import { dispose } from '@tensorflow/tfjs-core';
import { lossesOfTheirOwn } from '../base/conflicts.ts';
import { rowsOf } from '../memory/leaves.ts';
import { drawReplay } from '../memory/replay.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import { projected } from './math.ts';
import { type AGemOptions, aGemOptions, type CheckedAGemOptions } from './options.ts';

/**
 * Averaged gradient episodic memory (Chaudhry et al. 2019, arXiv:1812.00420): the gradient of everything, penalties too, loses the
 * part that would raise the user's loss of a batch of the memory.
 * @throws TapgradError at attach: PLUGIN_UNKNOWN without `memory`, AGEM_MEMORY; in a step REPLAY_SHAPES
 */
export const aGem = definePlugin<AGemOptions, CheckedAGemOptions>({
  name: 'a-gem',
  version: '0.0.0',
  after: ['memory'],
  conflicts: lossesOfTheirOwn,
  reads: ['memory', 'loss:penalty'],
  options: aGemOptions,
  apply({ hooks, model, options, random, taskGradients }) {
    if (options.variant === 'reference-code' && memoryOf(model)?.policy !== 'task-batch') {
      throw new TapgradError({
        code: 'AGEM_MEMORY',
        message: 'the reference code has one batch of each task in memory, and this memory has another policy',
        fix: "attach memory({ samples, policy: 'task-batch' }), or leave the variant out",
      });
    }
    let rows = 0;
    hooks.batch.tap((batch, { mode, microBatch }) => {
      if (mode === 'train') rows = microBatch === 0 ? rowsOf(batch) : Math.max(rows, rowsOf(batch));
    });
    hooks.gradients.step.tap((gradients) => {
      const batch = drawReplay(model, options.batchSize ?? rows, random('replay'), options.augment);
      if (!batch) return undefined;
      const made = taskGradients(batch);
      try {
        return new Map([...gradients, ...projected(gradients, made.gradients)]);
      } finally {
        dispose([...made.gradients.values(), ...Object.values(made.terms)]);
      }
    });
  },
});
