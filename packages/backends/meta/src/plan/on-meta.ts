import { getBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import { BACKEND } from '../backend.ts';
import { useMeta } from '../use-meta.ts';

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs `f` with meta as the backend, one call after the other, and leaves the backend as it was. TensorFlow.js has one
 * backend for all: ops that other tasks run while `f` waits are shapes, too.
 */
export function onMeta<T>(f: () => Promise<T>): Promise<T> {
  const turn = last.then(() => between(f));
  last = turn.catch(() => undefined);
  return turn;
}

async function between<T>(f: () => Promise<T>): Promise<T> {
  const before: string | null | undefined = getBackend();
  await useMeta();
  try {
    return await f();
  } finally {
    // Where none was chosen yet, the choice is left open: it is made at the first op.
    if (before) await setBackend(before);
    else removeBackend(BACKEND);
  }
}
