import { jaxCnn } from './cnn/jax.ts';
import type { Jax, JaxLoss } from './jax-library.ts';
import type { NetworkTask } from './task.ts';
import { jaxTransformer } from './transformer/jax.ts';

/** The loss of a task's network in jax-js. */
export function jaxLossOf(jax: Jax, task: NetworkTask): JaxLoss {
  return task.network === 'cnn' ? jaxCnn(jax, task.sizes) : jaxTransformer(jax, task.sizes);
}
