import { backend } from '@tensorflow/tfjs-core';

/**
 * Whether the current backend has shapes only (`@tapgrad/backend-meta`): work on the host that does no more than choose
 * values, such as drawing random numbers, may then be left out.
 */
export function isDataless(): boolean {
  return 'dataless' in backend();
}
