import '@tensorflow/tfjs-core/dist/register_all_gradients';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { gelu, Ledger, linear, record, softmaxCrossEntropy } from '../index.ts';
import { makeBlock, normal, runEncoder, runEncoderInPlainOps } from '../test-support.ts';

interface Model {
  readonly parameters: readonly tf.Variable[];
  readonly input: tf.Tensor;
  readonly loss: () => tf.Tensor;
  /** The same function as `loss` in tfjs's own ops, if `loss` is not. */
  readonly plainLoss?: () => tf.Tensor;
  /** Bytes of the largest single activation. */
  readonly activation: number;
  /** Activations beyond the bound. */
  readonly extra?: number;
  dispose(): void;
}

interface Peaks {
  /** Bytes saved at the end of the forward. */
  readonly saved: number;
  /** Most bytes held while backward ran. */
  readonly backward: number;
  /** The same for tfjs, forward included. */
  readonly tfjs: number;
}

/** Parameters are not counted; the input is, in all three. */
function measure({ loss, plainLoss = loss, parameters, input }: Model): Peaks {
  const ledger = new Ledger().open();
  ledger.claim(input, 'batch');
  const { value, tape } = record(loss, { parameters });
  const saved = tape.savedBytes;
  ledger.resetPeak();
  tape.backward(value);
  const backward = ledger.peak().bytes;
  tape.dispose();
  value.dispose();
  ledger.resetPeak();
  const stock = tf.variableGrads(() => plainLoss() as tf.Scalar, [...parameters]);
  const tfjs = ledger.peak().bytes;
  tf.dispose([stock.value, stock.grads]);
  ledger.shut();
  return { saved, backward, tfjs };
}

function variables(shapes: readonly number[][], key: string, deviation: number): tf.Variable[] {
  return shapes.map((shape, i) => tf.tidy(() => tf.variable(normal(shape, `${key}/${i}`, deviation))));
}

type Activation = readonly [name: string, f: (x: tf.Tensor) => tf.Tensor];

/** Activations far larger than parameters, so that gradients of parameters do not hide what else is held. */
function mlp(depth: number, [, activation]: Activation): Model {
  const [batch, width] = [512, 32];
  const weights = variables(Array(depth).fill([width, width]), 'weight', 0.2);
  const biases = variables(Array(depth).fill([width]), 'bias', 0.2);
  const input = normal([batch, width], 'input');
  const loss = () => {
    let h = input;
    for (const [i, weight] of weights.entries()) {
      const z = tf.add(tf.matMul(h, weight), biases[i] as tf.Tensor);
      h = i < depth - 1 ? activation(z) : z;
    }
    return tf.mean(tf.square(h));
  };
  const parameters = [...weights, ...biases];
  const dispose = () => tf.dispose([parameters, input]);
  return { parameters, input, loss, activation: input.size * 4, dispose };
}

function mlpOfOwnOps(depth: number, extra: number): Model {
  const plain = mlp(depth, ['', tf.relu]);
  const labels = tf.zeros([512], 'int32');
  const loss = () => {
    let h = plain.input;
    for (let i = 0; i < depth; i++) {
      h = linear(h, plain.parameters[i] as tf.Tensor, plain.parameters[depth + i]);
      if (i < depth - 1) h = gelu(h);
    }
    return softmaxCrossEntropy(h, labels);
  };
  const dispose = () => {
    plain.dispose();
    labels.dispose();
  };
  return { ...plain, loss, plainLoss: plain.loss, extra, dispose };
}

function transformer(ownOps: boolean): Model {
  const [batch, tokens, width, heads, classes] = [4, 16, 32, 4, 10];
  const blocks = Array.from({ length: 4 }, (_, i) => makeBlock(width, `block${i}`));
  const [stem, head] = variables(
    [
      [width, width],
      [tokens * width, classes],
    ],
    'ends',
    0.1,
  ) as [tf.Variable, tf.Variable];
  const input = normal([batch, tokens, width], 'input');
  const labels = tf.tensor([1, 4, 2, 7], [batch], 'int32');
  const own = () => softmaxCrossEntropy(runEncoder(linear(input, stem), blocks, head, heads), labels);
  const plain = () => {
    const logits = runEncoderInPlainOps(input, stem, blocks, head, heads);
    const ofLabel = tf.sum(tf.mul(logits, tf.oneHot(labels, classes)), -1);
    return tf.mean(tf.sub(tf.logSumExp(logits, -1), ofLabel));
  };
  const parameters = [...blocks.flatMap((block) => Object.values(block)), stem, head];
  return {
    parameters,
    input,
    loss: ownOps ? own : plain,
    plainLoss: plain,
    activation: Math.max(batch * tokens * 4 * width, batch * heads * tokens * tokens) * 4,
    dispose: () => tf.dispose([parameters, input, labels]),
  };
}

/** @param composed whether the backend has no fused kernels for own ops: GELU's slope then takes temporaries */
export function peaks({ composed }: { composed: boolean }): void {
  const activations: Activation[] = [
    ['relu', tf.relu],
    ['tanh', tf.tanh],
    ['sigmoid', tf.sigmoid],
  ];
  const depths = [4, 12, 32];
  const models: Named[] = [
    ...activations.flatMap((activation) =>
      depths.map((depth) => [`${depth} layers, ${activation[0]}`, () => mlp(depth, activation)] satisfies Named),
    ),
    ...depths.map(
      (depth) => [`${depth} layers of own ops, gelu`, () => mlpOfOwnOps(depth, composed ? 1 : 0)] satisfies Named,
    ),
    ['4 transformer blocks of own ops', () => transformer(true)],
    ['4 transformer blocks of plain tfjs ops', () => transformer(false)],
  ];
  describe('peak during backward <= saved at the end of forward + 2 activations + parameter gradients', () => {
    it.each(models)('%s', (name, make) => {
      const model = make();
      const { saved, backward, tfjs } = measure(model);
      const gradients = model.parameters.reduce((bytes, parameter) => bytes + parameter.size * 4, 0);
      const bound = saved + (2 + (model.extra ?? 0)) * model.activation + gradients;
      const kB = (bytes: number) => `${Math.round(bytes / 1024)} kB`;
      console.log(
        `${name}: saved ${kB(saved)}, peak of backward ${kB(backward)}, bound ${kB(bound)}, tfjs's peak ${kB(tfjs)}`,
      );
      model.dispose();
      expect(backward).toBeLessThanOrEqual(bound);
      expect(tfjs).toBeGreaterThan(backward);
    });
  });
}

type Named = [name: string, make: () => Model];
