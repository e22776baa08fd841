import * as tf from '@tensorflow/tfjs-core';
import {
  checkpoint,
  detach,
  gelu,
  layerNorm,
  linear,
  type RandomStream,
  rmsNorm,
  silu,
  softmaxCrossEntropy,
  untaped,
} from '../index.ts';

export const size = 3;
type Step = (values: readonly tf.Tensor[]) => tf.Tensor;

/** Steps that take square matrices to a square matrix of about the same size. */
export const steps: readonly ((pick: () => number) => Step)[] = [
  (pick) => over2(pick, tf.add),
  (pick) => over2(pick, tf.mul),
  (pick) => over2(pick, (a, b) => tf.div(tf.sub(a, b), 2)),
  (pick) => over2(pick, (a, b) => tf.div(tf.matMul(a, b), size)),
  (pick) => over2(pick, (a, b) => tf.tanh(linear(a, b, tf.mean(a, 0)))),
  (pick) => over2(pick, (a, b) => tf.slice(tf.concat([a, tf.neg(b)], 1), [0, 1], [size, size])),
  (pick) => over2(pick, (a, b) => layerNorm(a, tf.sum(b, 0), tf.mean(b, 1))),
  (pick) => over2(pick, (a, b) => tf.where(tf.greater(a, b), tf.sin(a), tf.cos(b))),
  (pick) => over2(pick, (a, b) => tf.mul(a, tf.reshape(tf.logSumExp(b, 1), [size, 1]))),
  (pick) => over1(pick, tf.tanh),
  (pick) => over1(pick, (a) => tf.exp(tf.sin(a))),
  (pick) => over1(pick, (a) => tf.sigmoid(tf.transpose(a))),
  (pick) => over1(pick, (a) => gelu(tf.reshape(tf.reshape(a, [size * size]), [size, size]))),
  (pick) => over1(pick, silu),
  (pick) => over1(pick, (a) => rmsNorm(tf.add(a, 2))),
  (pick) => over1(pick, tf.softmax),
  (pick) => over1(pick, (a) => tf.stack(tf.unstack(a).reverse())),
  (pick) => over1(pick, (a) => tf.clone(a)),
  (pick) => over1(pick, (a) => tf.tidy(() => tf.sub(tf.square(tf.sin(a)), tf.mul(a, 0.1)))),
];

/** Steps that cut a gradient: differences say something else. */
export const cuts: typeof steps = [
  (pick) => over1(pick, (a) => tf.mul(a, detach(tf.tanh(a)))),
  (pick) =>
    over1(pick, (a) =>
      tf.add(
        a,
        untaped(() => tf.sin(a)),
      ),
    ),
];

function over1(pick: () => number, f: (a: tf.Tensor) => tf.Tensor): Step {
  const a = pick();
  return (values) => f(values[a] as tf.Tensor);
}

function over2(pick: () => number, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Step {
  const [a, b] = [pick(), pick()];
  return (values) => f(values[a] as tf.Tensor, values[b] as tf.Tensor);
}

export interface Program {
  readonly steps: readonly Step[];
  readonly loss: (result: tf.Tensor) => tf.Tensor;
}

export function randomProgram(random: RandomStream, choices = steps): Program {
  const made: Step[] = [];
  const inputs = 2;
  for (let i = 0; i < 10; i++) {
    const count = inputs + made.length;
    // The last values are likelier, so that programs are deep as well as wide.
    const pick = () => Math.min(count - 1, Math.floor(count * Math.sqrt(random.next())));
    made.push((choices[random.integer(choices.length)] as (typeof steps)[number])(pick));
  }
  const labels = [0, 1, 2].map(() => random.integer(size));
  const loss =
    random.next() < 0.5 ? tf.mean : (result: tf.Tensor) => softmaxCrossEntropy(result, tf.tensor1d(labels, 'int32'));
  return { steps: made, loss: (result) => loss(result) };
}

/** @param wrapped runs the middle of the program as one checkpointed segment */
export function run({ steps: all, loss }: Program, inputs: readonly tf.Tensor[], wrapped = false): tf.Tensor {
  const through = (from: number, to: number) => (values: readonly tf.Tensor[]) => {
    const next = [...values];
    for (const step of all.slice(from, to)) next.push(step(next));
    return next;
  };
  if (!wrapped) return loss(tf.addN(through(0, all.length)(inputs).slice(-3)));
  const before = through(0, 4)(inputs);
  const middle = checkpoint((...values: tf.Tensor[]) => tf.stack(through(4, 8)(values).slice(-4)), ...before);
  return loss(tf.addN(through(8, all.length)([...before, ...tf.unstack(middle)]).slice(-3)));
}
