import { definePlugin, type Plugin } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** Numbers of the images of every update, task by task. */
export type Updates = Int32Array[][];

/** Notes by the side data `index` which images pass: of the data alone, or those that were drawn from memory too. */
export function recorder(what: 'own' | 'all', updates: Updates): Plugin {
  return definePlugin({
    name: `record-${what}`,
    ...(what === 'own' ? { before: ['memory?', 'er?'] } : { after: ['er?'] }),
    apply({ hooks }) {
      hooks.task.begin.tap(() => void updates.push([]));
      hooks.batch.tap(async (batch, { mode }) => {
        if (mode === 'train') updates.at(-1)!.push((await (batch.index as Tensor).data()) as Int32Array);
      });
    },
  })();
}
