import { useWasm } from '@tapgrad/backend-wasm';
import { gelu, Ledger, linear, record, type SaveRequest, type SlotPlan } from '@tapgrad/core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { derivativeCodes } from '../index.ts';
import { attached, disposeBatch, gradientsOf, images, normal, relativeDistance, tinyVit } from '../test-models.ts';
import { derivativeStage } from './stage.ts';
import { derivativeTable } from './tables.ts';

beforeAll(() => useWasm());

describe('derivative codes in float32', () => {
  it('train, and leave the model as it was', async () => {
    const [model, batch] = [tinyVit(), images()];
    const plain = attached(model, []);
    const exact = gradientsOf(plain, batch);
    plain.detach();
    const stack = attached(model, [derivativeCodes({ bits: 4 })]);
    expect(relativeDistance(gradientsOf(stack, batch), exact)).toBeLessThan(0.03);
    const losses: number[] = [];
    for (let step = 0; step < 4; step++) losses.push(await (await stack.step(batch)).loss);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it('take no more in backward than what is saved, and two activations', () => {
    const [x, weight] = [normal([256, 64], 'x'), normal([64, 64], 'weight', 0.2)];
    const biases = Object.fromEntries([0, 1, 2, 3].map((i) => [`${i}`, tf.tidy(() => tf.variable(tf.zeros([64])))]));
    const frozen = tf.variable(weight);
    const f = () => {
      let h: tf.Tensor = x;
      for (const bias of Object.values(biases)) h = gelu(linear(h, frozen, bias));
      return tf.sum(h);
    };
    const plan = (slot: SlotPlan, request: SaveRequest) => {
      const { kernel, attrs, role } = request;
      const table = role === 'derivative' ? derivativeTable(kernel, attrs, 4) : undefined;
      return table ? slot.through(derivativeStage(table, request)) : slot;
    };
    const ledger = new Ledger().open();
    for (const each of [x, weight, frozen, ...Object.values(biases)]) ledger.claim(each, 'parameters');
    const before = ledger.now().bytes;
    const { tape, value } = record(f, { parameters: biases, plan });
    const [saved, activation] = [tape.savedBytes, 4 * 256 * 64];
    expect(saved).toBe((4 * activation) / 8);
    ledger.resetPeak();
    tape.backward(value);
    const gradients = 4 * 4 * 64;
    expect(ledger.peak().bytes - before).toBeLessThanOrEqual(saved + 2 * activation + gradients + 64);
    tape.dispose();
    ledger.shut();
    tf.dispose([x, weight, frozen, value, ...Object.values(biases)]);
  });
});
