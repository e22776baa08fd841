import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { serve } from '../../serve.ts';
import { adapterName, provideGpu } from '../../step/backends/gpu.ts';
import { startStock } from '../../step/backends/stock.ts';
import type { Backend } from '../../step/task.ts';
import { type Chain, makeChain } from '../chain.ts';
import { hostTimes } from '../host-times.ts';

let chain: Chain;

serve({
  async start(backend: Backend) {
    const gpu = backend === 'webgpu' ? await provideGpu() : undefined;
    await startStock(backend);
    // tfjs would compute four numbers on the cpu.
    if (gpu) tf.env().set('WEBGPU_CPU_FORWARD', false);
    chain = makeChain();
    return gpu && adapterName(gpu);
  },
  untaped: (count: number) => hostTimes(count, chain.loss),
  step: (count: number) =>
    hostTimes(count, () => {
      const { value, grads } = tf.variableGrads(chain.loss, Object.values(chain.parameters));
      tf.dispose(grads);
      return value;
    }),
});
