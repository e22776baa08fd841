import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type RecordOptions, randomStream, record, type SaveRequest, type SlotPlan, type SlotStage } from '../index.ts';
import { enginePatches, normal, valuesOf } from '../test-support.ts';

import { cuts, type Program, randomProgram, run, size, steps } from './test-random-programs.ts';

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
