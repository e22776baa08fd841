// jax-js asks `navigator` for a GPU when it is loaded; Node 20 has none.
globalThis.navigator ??= {} as Navigator;
const { blockUntilReady, defaultDevice, init, jit, nn, numpy: np, tree, valueAndGrad } = await import('@jax-js/jax');
type Array_ = import('@jax-js/jax').Array;

import { collect, compete, inputShape } from '../contestant.ts';
import { network } from '../network.ts';

type Weights = Record<string, Array_>;

function norm(x: Array_, weights: Weights, name: string): Array_ {
  const mean = x.ref.mean(-1, { keepdims: true });
  const centred = x.sub(mean);
  const variance = np.square(centred.ref).mean(-1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(network.epsilon)))
    .mul(weights[`${name}.weight`]!.ref)
    .add(weights[`${name}.bias`]!.ref);
}

const linear = (x: Array_, weights: Weights, name: string) =>
  np.matmul(x, weights[`${name}.weight`]!.ref).add(weights[`${name}.bias`]!.ref);

function attention(x: Array_, weights: Weights, name: string): Array_ {
  const { batch, tokens, heads, width } = network;
  const split = linear(x, weights, `${name}.attention.qkv`)
    .reshape([batch, tokens, 3, heads, width / heads])
    .transpose([2, 0, 3, 1, 4]);
  const [query, key, value] = np.split(split, 3, 0).map((part) => part.reshape([batch, heads, tokens, width / heads]));
  const scores = np.matmul(query!, key!.transpose([0, 1, 3, 2])).mul((width / heads) ** -0.5);
  const context = np.matmul(nn.softmax(scores, -1), value!);
  return linear(context.transpose([0, 2, 1, 3]).reshape([batch * tokens, width]), weights, `${name}.attention.output`);
}

function block(x: Array_, weights: Weights, name: string): Array_ {
  const attended = x.ref.add(attention(norm(x, weights, `${name}.norm1`), weights, name));
  const hidden = nn.gelu(linear(norm(attended.ref, weights, `${name}.norm2`), weights, `${name}.mlp.up`), {
    approximate: false,
  });
  return attended.add(linear(hidden, weights, `${name}.mlp.down`));
}

function loss(weights: Weights, inputs: Array_, targets: Array_): Array_ {
  let x = inputs.add(weights.position!.ref).reshape([network.batch * network.tokens, network.width]);
  for (let layer = 0; layer < network.layers; layer++) x = block(x, weights, `layers.${layer}`);
  const logits = linear(
    norm(x, weights, 'norm').reshape([network.batch, network.tokens, network.width]).mean(1),
    weights,
    'head',
  );
  const value = nn
    .logSoftmax(logits, -1)
    .mul(targets)
    .sum()
    .mul(-1 / network.batch);
  tree.dispose(weights);
  return value;
}

compete(async (task) => {
  await init('wasm');
  defaultDevice('wasm');
  const weights = Object.fromEntries(
    Object.entries(task.weights).map(([name, { shape, data }]) => [name, np.array(data).reshape([...shape])]),
  ) as Weights;
  const inputs = np.array(task.inputs).reshape([...inputShape]);
  const targets = nn.oneHot(np.array(task.labels), network.classes);
  const compiled = jit(valueAndGrad(loss));
  const run = async () => {
    const result = compiled(tree.ref(weights), inputs.ref, targets.ref);
    await blockUntilReady(result);
    return result;
  };
  return {
    async gradients() {
      const [value, gradients] = await run();
      return {
        loss: (value as Array_).dataSync()[0]!,
        gradients: collect(task, (name) => (gradients as Weights)[name]!.dataSync() as Float32Array),
      };
    },
    async step() {
      tree.dispose(await run());
    },
  };
});
