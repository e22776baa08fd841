import { derivativeCodes, groupwiseCodes } from '@tapgrad/activation-compression';
import { useWasm } from '@tapgrad/backend-wasm';
import { useWebgpu } from '@tapgrad/backend-webgpu';
import { attach, randomStream } from '@tapgrad/core';
import { crossEntropy, VisionTransformer } from '@tapgrad/nn';
import { offload } from '@tapgrad/offload';
import { disk } from '@tapgrad/offload/disk';
import { adamw } from '@tapgrad/train';
import * as tf from '@tensorflow/tfjs-core';
import type { Plugins } from '../../memory/training.ts';
import { serve } from '../../serve.ts';
import type { Held, Question, Strategy } from '../strategy.ts';

const strategies: Readonly<Record<Strategy, () => Plugins>> = {
  keep: () => [],
  offload: () => [offload()],
  adaptive: () => [offload({ plan: 'adaptive' })],
  disk: () => [offload({ store: disk(), waiting: 4e6 })],
  recompute: () => [offload({ offload: [], recompute: 'layers.*' })],
  both: () => [offload({ recompute: 'layers.*', keepLast: false })],
  codes: () => [derivativeCodes(), groupwiseCodes()],
  codesAway: () => [derivativeCodes(), groupwiseCodes(), offload({ smallest: 1024 })],
};

const network = { width: 192, heads: 3, layers: 4, hidden: 768, imageSize: 32, patchSize: 4, classes: 10 } as const;
const samples = 8;

/** What WebGPU's buffers took at most. */
interface Pool {
  readonly peak: { readonly used: number };
  resetPeak(): void;
}

async function measure({ strategy, steps }: Question): Promise<Held> {
  const random = randomStream(1, 'offload');
  const model = new VisionTransformer({ ...network, random });
  const labels = Int32Array.from({ length: samples }, () => random.integer(network.classes));
  const { imageSize } = network;
  const inputs = tf.tensor(random.normal(samples * imageSize ** 2 * 3), [samples, imageSize, imageSize, 3]);
  const batch = { inputs, targets: tf.tensor1d(labels, 'int32') };
  const optimizer = adamw({ learningRate: 1e-3 });
  const stack = attach(model, strategies[strategy](), { loss: crossEntropy, optimizer });
  const { bufferManager: pool } = tf.backend() as unknown as { readonly bufferManager?: Pool };
  /** Until the device has done all of it. */
  const step = async () => {
    await (await stack.step(batch)).loss;
    await [...model.namedParameters().values()].at(-1)?.variable.data();
  };
  // The first makes what lasts; an adaptive plan looks at three.
  for (let i = 0; i < (strategy === 'adaptive' ? 4 : 2); i++) await step();
  stack.ledger.resetPeak();
  pool?.resetPeak();
  const milliseconds: number[] = [];
  for (let i = 0; i < steps; i++) {
    const begun = performance.now();
    await step();
    milliseconds.push(performance.now() - begun);
  }
  const held = {
    peak: stack.ledger.peak().bytes,
    saved: stack.ledger.most().saved,
    pool: pool?.peak.used,
    ...stack.ledger.offDevice.most(),
    milliseconds,
  };
  stack.detach();
  model.dispose();
  optimizer.dispose();
  tf.dispose(batch);
  return held;
}

serve({
  use: (backend: 'wasm' | 'webgpu') => (backend === 'wasm' ? useWasm() : useWebgpu()),
  measure,
});
