import { useWasm } from '@tapgrad/backend-wasm';
import { record, valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { serve, times } from '../../serve.ts';
import { makeChain } from '../chain.ts';

await useWasm();
const { parameters, loss } = makeChain();

serve({
  untaped: (count: number) => times(count, () => tf.dispose(loss())),
  recorded: (count: number) =>
    times(count, () => {
      const { value, tape } = record(loss, { parameters });
      value.dispose();
      tape.dispose();
    }),
  step: (count: number) =>
    times(count, () => {
      const { value, gradients } = valueAndGrad(loss, parameters);
      tf.dispose([value, gradients]);
    }),
});
