import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  checkpoint,
  detach,
  gelu,
  layerNorm,
  linear,
  type RandomStream,
  type RecordOptions,
  randomStream,
  record,
  rmsNorm,
  type SaveRequest,
  type SlotPlan,
  type SlotStage,
  silu,
  softmaxCrossEntropy,
  untaped,
} from '../index.ts';
import { enginePatches, normal, valuesOf } from '../test-support.ts';

const size = 3;
type Step = (values: readonly tf.Tensor[]) => tf.Tensor;

/** Steps that take square matrices to a square matrix of about the same size. */
const steps: readonly ((pick: () => number) => Step)[] = [
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
const cuts: typeof steps = [
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

interface Program {
  readonly steps: readonly Step[];
  readonly loss: (result: tf.Tensor) => tf.Tensor;
}

function randomProgram(random: RandomStream, choices = steps): Program {
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
function run({ steps: all, loss }: Program, inputs: readonly tf.Tensor[], wrapped = false): tf.Tensor {
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

/** Keeps each value in two parts. */
const parts: SlotStage<tf.Tensor[]> = {
  pack: (x) => [tf.mul(x, 0.25), tf.mul(x, 0.75)],
  unpack: ([a, b]) => tf.add(a as tf.Tensor, b as tf.Tensor),
};
const late: SlotStage<Promise<tf.TypedArray>> = {
  asynchronous: true,
  pack: (x) => x.data(),
  unpack: async (values) => tf.tensor(await values),
};
const shaped: SlotStage<{ shape: number[]; flat: tf.Tensor }> = {
  pack: (x) => ({ shape: x.shape, flat: tf.reshape(x, [-1]) }),
  unpack: ({ shape, flat }) => tf.reshape(flat, shape),
};

/** Conditions and indices are left as they are. */
const through =
  (...stages: unknown[]) =>
  (plan: SlotPlan, { dtype }: SaveRequest) =>
    dtype === 'float32' ? stages.reduce<SlotPlan>((made, stage) => made.through(stage as SlotStage), plan) : plan;

interface Variant {
  readonly name: string;
  readonly options?: Partial<RecordOptions>;
  readonly wrapped?: boolean;
  readonly retain?: boolean;
  readonly late?: boolean;
}

const variants: readonly Variant[] = [
  { name: 'without derived slots', options: { derivedSlots: false } },
  { name: 'through a pipeline', options: { plan: through(parts, parts) } },
  {
    name: 'through a pipeline, without derived slots',
    options: { plan: through(parts), derivedSlots: false },
  },
  { name: 'through a late pipeline', options: { plan: through(shaped, late) }, late: true },
  { name: 'checkpointed', wrapped: true },
  { name: 'recorded for derivatives of derivatives', options: { createGraph: true } },
  { name: 'retained and run twice', retain: true },
];

async function gradientsOf(
  program: Program,
  inputs: readonly tf.Tensor[],
  variant: Partial<Variant>,
): Promise<number[]> {
  const { value, tape } = record(() => run(program, inputs, variant.wrapped), {
    parameters: inputs,
    ...variant.options,
  });
  try {
    if (!tape.tracks(value)) return [];
    if (variant.retain) {
      tape.backward(value, { retain: true });
      for (const gradient of tape.takeGradients().values()) gradient.dispose();
    }
    if (variant.late) await tape.backwardAsync(value);
    else tape.backward(value);
    return inputs.flatMap((input, index) => {
      const gradient = tape.gradients.get(String(index));
      return gradient ? valuesOf(gradient) : new Array<number>(input.size).fill(0);
    });
  } finally {
    tape.dispose();
    value.dispose();
  }
}

describe('random programs have the same gradients however they are recorded', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => [seed]))('program %i', async (seed) => {
    const patches = enginePatches();
    await expectNoLeak(async () => {
      const program = randomProgram(randomStream(seed, 'program'), [...steps, ...cuts]);
      const inputs = [normal([size, size], `a${seed}`), normal([size, size], `b${seed}`)];
      const plain = await gradientsOf(program, inputs, {});
      for (const variant of variants) {
        const gradients = await gradientsOf(program, inputs, variant);
        expect(gradients.length, variant.name).toBe(plain.length);
        for (const [i, each] of gradients.entries()) {
          expect(Math.abs(each - (plain[i] as number)), variant.name).toBeLessThan(
            1e-9 * (1 + Math.abs(plain[i] as number)),
          );
        }
      }
      tf.dispose(inputs);
    });
    expect(enginePatches()).toEqual(patches);
  });
});

describe('random programs have the gradients that differences say', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => [100 + seed]))('program %i', async (seed) => {
    const program = randomProgram(randomStream(seed, 'program'));
    const inputs = [normal([size, size], `a${seed}`), normal([size, size], `b${seed}`)];
    const directions = inputs.map((_, i) => normal([size, size], `d${i}`));
    const gradients = await gradientsOf(program, inputs, {});
    const along = directions.flatMap(valuesOf);
    const slope = gradients.reduce((sum, each, i) => sum + each * (along[i] as number), 0);
    const at = (step: number) =>
      tf.tidy(() => {
        const moved = inputs.map((input, i) => tf.add(input, tf.mul(directions[i] as tf.Tensor, step)));
        return run(program, moved).dataSync()[0] as number;
      });
    const difference = (at(1e-6) - at(-1e-6)) / 2e-6;
    expect(Math.abs(slope - difference)).toBeLessThan(1e-5 + 1e-4 * Math.abs(difference));
    tf.dispose([inputs, directions]);
  });
});
