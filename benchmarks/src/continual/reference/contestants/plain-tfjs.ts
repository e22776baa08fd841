import * as tf from '@tensorflow/tfjs-core';
// Plain tfjs registers no gradient in Node; the bundler takes these from the package's ES modules.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import '@tensorflow/tfjs-backend-wasm';
import { serve } from '../../../serve.ts';
import type { PlainTask } from '../plain-task.ts';
import { trainPlainly } from '../plain-training.ts';

serve({
  async train(task: PlainTask) {
    await tf.setBackend('wasm');
    return trainPlainly(task);
  },
});
