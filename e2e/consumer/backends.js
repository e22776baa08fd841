import '@tensorflow/tfjs-backend-cpu';
import { useBackend } from '@tapgrad/backend-auto';
import { setBackend } from '@tensorflow/tfjs-core';

/** Makes a backend of this name the one that tensors live on. */
export async function use(backend) {
  if (backend === 'cpu') await setBackend(backend);
  else await useBackend({ backend });
}
