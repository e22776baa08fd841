import { useWasm } from '@tapgrad/backend-wasm';
import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { type RecordOptions, randomStream, record, type SlotStage } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';
import { cuts, type Program, randomProgram, run, size, steps } from './test-random-programs.ts';

await useWasm();

function gradientsOf(program: Program, inputs: readonly tf.Tensor[], options: Partial<RecordOptions>) {
  const { value, tape } = record(() => run(program, inputs), { parameters: inputs, ...options });
  try {
    if (tape.tracks(value)) tape.backward(value);
    return [...tape.gradients].map(([name, gradient]) => [name, valuesOf(gradient)] as const).sort();
  } finally {
    tape.dispose();
    value.dispose();
  }
}

const copied: SlotStage<tf.Tensor> = { pack: (x) => tf.clone(x), unpack: (x) => tf.clone(x) };

it.each(Array.from({ length: 40 }, (_, seed) => [seed]))(
  'random program %i has the same gradients, bit for bit, with derived slots, without and through a pipeline',
  (seed) => {
    expectNoLeak(() => {
      const program = randomProgram(randomStream(seed, 'program'), [...steps, ...cuts]);
      const inputs = [normal([size, size], `a${seed}`), normal([size, size], `b${seed}`)];
      const expected = gradientsOf(program, inputs, {});
      expect(gradientsOf(program, inputs, { derivedSlots: false })).toEqual(expected);
      expect(gradientsOf(program, inputs, { plan: (plan) => plan.through(copied) })).toEqual(expected);
      tf.dispose(inputs);
    });
  },
);
