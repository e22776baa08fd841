import { useWasm } from '@tapgrad/backend-wasm';
import { attach, type Optimizer, softmaxCrossEntropy, valueAndGrad } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { processClock, serve, times } from '../../serve.ts';
import { Encoder } from '../../step/networks/transformer/modules.ts';
import { transformerSizes } from '../../step/networks/transformer/task.ts';
import { observer } from '../observer.ts';
import { type Size, small, type Variant } from '../variants.ts';

await useWasm();

const loss = (logits: tf.Tensor, targets: tf.Tensor) => tf.mean(softmaxCrossEntropy(logits, targets)) as tf.Scalar;

// An update costs all variants the same; without one, what hooks cost shows best.
const noUpdate: Optimizer = {
  learningRate: 0,
  step() {},
  state: () => new Map(),
  counters: () => ({}),
  loadState() {},
  dispose() {},
};

/** One step of each variant on a network of one size. */
function steps({ width, tokens, batch }: typeof small): Readonly<Record<Variant, () => unknown>> {
  const inputs = tf.zeros([batch, tokens, width]);
  const targets = tf.zeros([batch], 'int32');
  const stackStep = (observers: number) => {
    const plugins = Array.from({ length: observers }, (_, index) => observer(index));
    const stack = attach(new Encoder({ width, tokens }), plugins, {
      loss: (logits, batch) => loss(logits as tf.Tensor, batch.targets as tf.Tensor),
      optimizer: noUpdate,
    });
    return async () => (await stack.step({ inputs, targets })).loss;
  };
  const bare = new Encoder({ width, tokens });
  const parameters = Object.fromEntries([...bare.namedParameters()].map(([name, { variable }]) => [name, variable]));
  return {
    bare() {
      const { value, gradients } = valueAndGrad(() => loss(bare.call(inputs), targets), parameters);
      tf.dispose([value, gradients]);
    },
    none: stackStep(0),
    five: stackStep(5),
  };
}

const bySize: Readonly<Record<Size, ReturnType<typeof steps>>> = { full: steps(transformerSizes), small: steps(small) };

serve({
  time: ({ variant, size, count }: { variant: Variant; size: Size; count: number }) =>
    times(count, bySize[size][variant], processClock),
});
