import { definePlugin } from '@tapgrad/core';
import { dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { joinBatches, tensorsBeside } from '../memory/join-batches.ts';
import { rowsOf } from '../memory/leaves.ts';
import { drawReplay } from '../memory/replay.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import { type CheckedErOptions, type ErOptions, erOptions } from './options.ts';

/**
 * Experience replay (Chaudhry et al. 2019, arXiv:1902.10486): each batch is trained with together with one of the memory, in one
 * forward; the user's loss is that of all of them.
 * @throws TapgradError PLUGIN_UNKNOWN at attach without `memory`; REPLAY_INPUTS, REPLAY_SHAPES in a step
 */
export const er = definePlugin<ErOptions, CheckedErOptions>({
  name: 'er',
  version: '0.0.0',
  after: ['memory'],
  reads: ['memory'],
  transforms: ['batch:samples'],
  options: erOptions,
  apply({ hooks, model, options, random }) {
    let made: Tensor[] = [];
    const free = () => {
      dispose(made);
      made = [];
    };
    hooks.batch.tap((batch, { mode, microBatch }) => {
      if (mode !== 'train') return undefined;
      const joined = tidy(() => {
        const stream = random('replay', microBatch);
        const replayed = drawReplay(model, options.batchSize ?? rowsOf(batch), stream, options.augment);
        return (replayed && joinBatches(batch, replayed, memoryOf(model)?.padding ?? 0)) as never;
      }) as typeof batch | undefined;
      if (joined) made.push(...tensorsBeside(joined, batch));
      return joined;
    });
    hooks.update.after.tap(free);
    // A step that failed has not come to its update.
    hooks.step.end.tap(free);
    return { dispose: free };
  },
});
