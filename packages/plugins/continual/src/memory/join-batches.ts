import { type Batch, TapgradError } from '@tapgrad/core';
import { tidy } from '@tensorflow/tfjs-core';
import { leavesOf, mapLeaves, perSample, rowsOf } from './leaves.ts';
import { joinRows } from './rows.ts';

/**
 * A batch with the samples of another behind its own: new tensors. Side data that only one of them has is left out, as is what
 * the inputs were before augmentation.
 * @param padding fills up int32 values of different lengths; other values get 0
 * @throws TapgradError REPLAY_INPUTS if the other has no inputs or targets of the kind, REPLAY_SHAPES
 */
export function joinBatches(batch: Batch, other: Batch, padding: number): Batch {
  const rows = rowsOf(batch);
  const theirs = perSample(other);
  const joined = (value: unknown, name: string) =>
    mapLeaves(
      value,
      (tensor, path) => {
        if (tensor.rank === 0 || tensor.shape[0] !== rows) return tensor;
        const more = theirs.get(path);
        if (!more) throw missing(path);
        return joinRows([tensor, more], tensor.dtype === 'int32' ? padding : 0);
      },
      encodeURIComponent(name),
    );
  const isShared = (name: string, value: unknown) =>
    [...perSample({ [name]: value } as unknown as Batch, rows).keys()].every((path) => theirs.has(path));
  const entries = Object.entries(batch).filter(
    ([name, value]) => name === 'inputs' || name === 'targets' || isShared(name, value),
  );
  return tidy(() => Object.fromEntries(entries.map(([name, value]) => [name, joined(value, name)])) as never) as Batch;
}

/** Tensors of a batch that another does not have. */
export function tensorsBeside(batch: Batch, other: Batch) {
  const known = new Set(leavesOf(other).values());
  return [...leavesOf(batch).values()].filter((tensor) => !known.has(tensor));
}

function missing(path: string): TapgradError {
  return new TapgradError({
    code: 'REPLAY_INPUTS',
    message: `samples of the memory have no ${path}, and the batch has`,
    fix: 'give every batch inputs and targets of the same structure',
  });
}
