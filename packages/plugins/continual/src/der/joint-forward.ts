import { type Batch, type PluginContext, untaped } from '@tapgrad/core';
import { slice, type Tensor } from '@tensorflow/tfjs-core';
import { logitsOf } from '../base/logits.ts';
import { joinBatches } from '../memory/join-batches.ts';
import { rowsOf } from '../memory/leaves.ts';
import { drawReplay } from '../memory/replay.ts';
import { memoryOf } from '../memory/replay-memory.ts';
import type { Replayed, ReplayOptions } from './replayed-logits.ts';

type Services = Pick<PluginContext<unknown>, 'hooks' | 'model' | 'pass' | 'random'>;

/**
 * Lets samples of the memory pass the model behind the rows of the batch, in one forward, so that batch norms see all of them at
 * once. Their outputs are taken off behind the model: the user's loss and other plugins get those of the batch alone.
 * @returns what was replayed in the forward that runs, by number of the draw
 */
export function joinForward(
  { hooks, model, pass, random }: Services,
  { batchSize, augment }: ReplayOptions,
  draws: number,
): (draw: number) => Replayed | undefined {
  let stepBegins = false;
  let batchOfStep: Batch | undefined;
  let joinedIn: ReturnType<typeof pass>;
  let waiting: Batch[] = [];
  let replayed: Replayed[] = [];

  hooks.batch.tap((_, { mode }) => {
    stepBegins = mode === 'train';
  });
  hooks.tap(':input').forward<unknown>((inputs) => {
    const now = pass();
    // In one pass the first forward is the batch's own; loss terms may add others.
    if (now?.mode !== 'train' || now === joinedIn) return undefined;
    // Gradients of other batches are passes too. The step's own is the first, and comes again where backward is replaced.
    if (stepBegins) batchOfStep = now.batch;
    stepBegins = false;
    if (now.batch !== batchOfStep) return undefined;
    joinedIn = now;
    replayed = [];
    const count = batchSize ?? rowsOf(now.batch);
    const drawn = Array.from({ length: draws }, (_, draw) =>
      now.scope.run(() => untaped(() => drawReplay(model, count, random('replay', now.microBatch, draw), augment))),
    );
    waiting = drawn.filter((batch) => batch !== undefined);
    const padding = memoryOf(model)?.padding ?? 0;
    return waiting.reduce((joined, batch) => behind(joined, batch, padding), inputs);
  });
  hooks.tap(':output').forward<unknown>((outputs) => {
    const now = pass();
    if (!now || now !== joinedIn || waiting.length === 0) return undefined;
    const logits = logitsOf(outputs);
    let from = rowsOf(now.batch);
    const own = rows(logits, 0, from);
    replayed = waiting.map((batch) => {
      const count = rowsOf(batch);
      from += count;
      return { batch, outputs: now.scope.run(() => rows(logits, from - count, count)) };
    });
    waiting = [];
    return own;
  });
  return (draw) => replayed[draw];
}

function behind(inputs: unknown, { inputs: more }: Batch, padding: number): unknown {
  return joinBatches({ inputs, targets: [] } as never, { inputs: more, targets: [] }, padding).inputs;
}

function rows(values: Tensor, from: number, count: number): Tensor {
  return slice(values, [from, 0], [count, -1]);
}
