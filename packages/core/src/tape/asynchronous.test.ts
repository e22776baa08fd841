import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { gelu, linear, type RecordOptions, record, type SlotPlan, type SlotStage } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

interface Offloaded {
  readonly values: Promise<Float32Array>;
  readonly shape: number[];
}

const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), 1));

/** Moves values to the host and brings them back late. */
function offload(log: string[] = []): SlotStage<Offloaded> {
  let count = 0;
  const names = new WeakMap<Offloaded, number>();
  return {
    asynchronous: true,
    pack(x) {
      const packed = { values: later(new Float32Array(x.dataSync())), shape: x.shape };
      names.set(packed, count++);
      return packed;
    },
    prefetch: (packed) => void log.push(`prefetch ${names.get(packed)}`),
    async unpack(packed) {
      log.push(`unpack ${names.get(packed)}`);
      return tf.tensor(await packed.values, packed.shape, 'float32');
    },
  };
}

const halves: SlotStage<tf.Tensor[]> = {
  pack: (x) => [tf.mul(x, 0.25), tf.mul(x, 0.75)],
  unpack: ([a, b]) => tf.add(tf.add(a as tf.Tensor, b as tf.Tensor), tf.zerosLike(a as tf.Tensor)),
};

/** One stage behind the other. */
const through =
  (...stages: Stage[]) =>
  (plan: SlotPlan) =>
    stages.reduce((made, stage) => made.through(stage as unknown as SlotStage), plan);

/** A stage of any kind: what it makes is its own business. */
type Stage = { readonly [K in keyof SlotStage]: unknown };

async function gradientOf(options: Partial<RecordOptions>): Promise<number[]> {
  const [input, weight] = [normal([3, 4], 'x'), tf.tidy(() => tf.variable(normal([4, 4], 'w')))];
  const { value, tape } = record(() => tf.sum(tf.tanh(linear(gelu(linear(input, weight)), weight))), {
    parameters: { weight },
    ...options,
  });
  try {
    await tape.backwardAsync(value);
    return valuesOf(tape.gradients.get('weight') as tf.Tensor);
  } finally {
    tape.dispose();
    tf.dispose([value, input, weight]);
  }
}

describe('saved values that come back late', () => {
  it.each([
    ['offloaded', through(offload())],
    ['offloaded behind a stage that makes two tensors', through(halves, offload())],
    [
      'offloaded twice',
      through({ ...halves, pack: (v: tf.Tensor) => [tf.mul(v, 0.25), tf.mul(v, 0.75)] }, halves, offload()),
    ],
    [
      'unpacked late in front of a stage of its own',
      through(
        { asynchronous: true, pack: (v: tf.Tensor) => v, unpack: async (v: tf.Tensor) => tf.clone(await later(v)) },
        halves,
      ),
    ],
    [
      'unpacked late from tensors made at once',
      through({
        asynchronous: true,
        pack: (v: tf.Tensor) => tf.clone(v),
        unpack: (v: tf.Tensor) => later(tf.clone(v)),
      }),
    ],
    [
      'passed on as they are',
      through({ asynchronous: true, pack: (v: tf.Tensor) => v, unpack: async (v: tf.Tensor) => later(v) }),
    ],
  ] as [string, (plan: SlotPlan) => SlotPlan][])('%s', async (_, plan) => {
    const expected = await gradientOf({});
    await expectNoLeak(async () => {
      const actual = await gradientOf({ plan });
      for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] as number, 12);
    });
  });

  it('are asked for ahead of time', async () => {
    const log: string[] = [];
    await gradientOf({ plan: through(offload(log)), derivedSlots: false });
    const unpacks = log.filter((entry) => entry.startsWith('unpack'));
    expect(unpacks.length).toBeGreaterThan(2);
    for (const entry of unpacks)
      expect(log.indexOf(entry.replace('unpack', 'prefetch'))).toBeLessThan(log.indexOf(entry));
    expect(log.slice(0, 3).every((entry) => entry.startsWith('prefetch'))).toBe(true);
  });

  it('are refused by backward, which cannot wait', async () => {
    await expectNoLeak(async () => {
      const weight = normal([3], 'w');
      const { value, tape } = record(() => tf.sum(tf.exp(weight)), { parameters: [weight], plan: through(offload()) });
      expect(() => tape.backward(value)).toThrow(expect.objectContaining({ code: 'ASYNC_RESTORE', op: 'Exp' }));
      tape.dispose();
      tf.dispose([value, weight]);
      await later(0);
    });
  });

  it('need not be waited for by a stage that can do without', async () => {
    const expected = await gradientOf({});
    await expectNoLeak(async () => {
      const [input, weight] = [normal([3, 4], 'x'), tf.tidy(() => tf.variable(normal([4, 4], 'w')))];
      const patient: SlotStage<Float32Array> = {
        asynchronous: true,
        pack: (x) => new Float32Array(x.dataSync()),
        unpack: () => Promise.reject(new Error('too late')),
        unpackNow: (values) => tf.tensor(values, values.length === 12 ? [3, 4] : [4, 4]),
      };
      const { value, tape } = record(() => tf.sum(tf.tanh(linear(gelu(linear(input, weight)), weight))), {
        parameters: { weight },
        plan: through(patient),
      });
      tape.backward(value);
      const actual = valuesOf(tape.gradients.get('weight') as tf.Tensor);
      for (const [i, each] of actual.entries()) expect(each).toBeCloseTo(expected[i] as number, 6);
      tape.dispose();
      tf.dispose([value, input, weight]);
    });
  });

  it('that come late without a word are refused, and freed', async () => {
    await expectNoLeak(async () => {
      const weight = normal([3], 'w');
      const silent: SlotStage<Offloaded> = { ...offload(), asynchronous: false };
      const { value, tape } = record(() => tf.sum(tf.exp(weight)), { parameters: [weight], plan: through(silent) });
      expect(() => tape.backward(value)).toThrow(/ASYNC_RESTORE.*asynchronous: true/);
      tape.dispose();
      tf.dispose([value, weight]);
      await later(0);
      await later(0);
    });
  });

  it.each([
    [
      'at once',
      () => {
        throw new Error('lost');
      },
    ],
    ['late', () => later(0).then(() => Promise.reject(new Error('lost')))],
  ] as [string, () => Promise<tf.Tensor>][])('that are lost %s leave nothing behind', async (_, unpack) => {
    let count = 0;
    const unreliable: SlotStage<Offloaded> = { ...offload() };
    const lost = {
      ...unreliable,
      unpack: (packed: Offloaded) => (count++ === 1 ? unpack() : unreliable.unpack(packed)),
    };
    await expectNoLeak(async () => {
      await expect(gradientOf({ plan: through(halves, lost) })).rejects.toThrow(
        expect.objectContaining({ code: 'HOOK_FAILED', hook: 'save' }),
      );
      await later(0);
    });
  });

  it('find a tape that was disposed meanwhile, and leave nothing behind', async () => {
    await expectNoLeak(async () => {
      const weight = normal([3], 'w');
      const { value, tape } = record(() => tf.sum(tf.exp(tf.exp(weight))), {
        parameters: [weight],
        plan: through(offload()),
      });
      const running = tape.backwardAsync(value);
      tape.dispose();
      await expect(running).rejects.toThrow(expect.objectContaining({ code: 'TAPE_DISPOSED' }));
      tf.dispose([value, weight]);
    });
  });

  it('are waited for by one backward at a time', async () => {
    await expectNoLeak(async () => {
      const weight = normal([3], 'w');
      const { value, tape } = record(() => tf.sum(tf.exp(weight)), { parameters: [weight], plan: through(offload()) });
      const running = tape.backwardAsync(value, { retain: true });
      expect(() => tape.backward(value)).toThrow(expect.objectContaining({ code: 'BACKWARD_RUNNING' }));
      await expect(tape.backwardAsync(value)).rejects.toThrow(expect.objectContaining({ code: 'BACKWARD_RUNNING' }));
      await running;
      await tape.backwardAsync(value);
      expect(valuesOf(tape.gradients.get('0') as tf.Tensor)).toEqual(
        Array.from(weight.dataSync(), (v) => 2 * Math.exp(v)),
      );
      tape.dispose();
      tf.dispose([value, weight]);
    });
  });

  it('may come back while other tapes record and other scopes begin and end', async () => {
    const expected = await gradientOf({});
    await expectNoLeak(async () => {
      const running = gradientOf({ plan: through(halves, offload()) });
      for (let i = 0; i < 5; i++) {
        tf.dispose(tf.tidy(() => tf.add(normal([2], 'a'), 1)));
        tf.dispose(await gradientOf({}));
      }
      const actual = await running;
      for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] as number, 12);
    });
  });
});
