import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { serve, times } from '../../serve.ts';
import { makeChain } from '../chain.ts';

await tf.setBackend('wasm');
const { parameters, loss } = makeChain();
const variables = Object.values(parameters);

serve({
  untaped: (count: number) => times(count, () => tf.dispose(loss())),
  step: (count: number) =>
    times(count, () => {
      const { value, grads } = tf.variableGrads(loss, variables);
      tf.dispose([value, grads]);
    }),
});
