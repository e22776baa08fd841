import type { Tensor } from '@tensorflow/tfjs-core';

/** All of them; if one fails, those that arrived are disposed. */
export async function allOrNone(promises: readonly Promise<Tensor>[]): Promise<Tensor[]> {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find((each) => each.status === 'rejected');
  if (!failed) return settled.map((each) => (each as PromiseFulfilledResult<Tensor>).value);
  for (const each of settled) if (each.status === 'fulfilled') each.value.dispose();
  throw failed.reason;
}
