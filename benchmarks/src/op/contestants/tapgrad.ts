import { record, valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { serve } from '../../serve.ts';
import { startOwn } from '../../step/backends/own.ts';
import type { Backend } from '../../step/task.ts';
import { type Chain, makeChain } from '../chain.ts';
import { hostTimes } from '../host-times.ts';

let chain: Chain;

serve({
  async start(backend: Backend) {
    await startOwn(backend);
    chain = makeChain();
  },
  untaped: (count: number) => hostTimes(count, chain.loss),
  recorded: (count: number) =>
    hostTimes(count, () => {
      const { value, tape } = record(chain.loss, { parameters: chain.parameters });
      tape.dispose();
      return value;
    }),
  step: (count: number) =>
    hostTimes(count, () => {
      const { value, gradients } = valueAndGrad(chain.loss, chain.parameters);
      tf.dispose(gradients);
      return value;
    }),
});
