import { gelu, Ledger, linear, record, type SaveRequest, type SlotPlan } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { derivativeStage } from '../derivative-codes/stage.ts';
import { derivativeTable } from '../derivative-codes/tables.ts';
import { derivativeCodes, groupwiseCodes } from '../index.ts';
import {
  attached,
  disposeBatch,
  gradientsOf,
  images,
  normal,
  relativeDistance,
  savedBy,
  tinyVit,
} from '../test-models.ts';
import { groupStage } from './stage.ts';

const biases = (name: string) => /layers\.\d.*bias$/.test(name);
// One pre-norm block: 4 images, N = 17 tokens, d = 16, H = 2 heads.
const [B, N, d, H] = [4, 17, 16, 2];
const all = { smallest: 1 } as const;

/** Bytes that a value of so many elements takes in codes with bfloat16 ranges. */
const coded = (size: number, bits = 4, group = 256) => 4 * Math.ceil((size * bits) / 32) + 4 * Math.ceil(size / group);

/** What a block keeps, in elements: q, k, v 3, GELU 4 and the attention map; and its two norms 2, by rows of 16. */
const blockValues = [N * d, N * d, N * d, 4 * N * d, H * N * N].map((elements) => B * elements);
const norms = (bits = 4) => 2 * coded(B * N * d, bits, 32);

describe('one pre-norm block with frozen weights', () => {
  const saved = (plugins: Parameters<typeof savedBy>[0]) => {
    const measure = (layers: number) => savedBy(plugins, { model: tinyVit({ layers }), filter: biases }).bytes;
    // The first block lies behind nothing that trains, so that its first norm keeps less.
    return measure(3) - measure(2);
  };
  const statistics = 4 * B * N * 4;

  it('keeps 9 N d + H N² elements and its norms’ statistics without codes', () => {
    expect(saved([])).toBe(4 * B * (9 * N * d + H * N * N) + statistics);
  });

  it('keeps an eighth of it with 4 bits everywhere, and a range for each 256 elements', () => {
    expect(saved([groupwiseCodes(all)])).toBe(
      blockValues.reduce((sum, size) => sum + coded(size), norms()) + statistics,
    );
  });

  it('keeps the derivative codes of GELU where both are attached', () => {
    const [gelu, map] = blockValues.slice(3) as [number, number];
    const rest = blockValues.slice(0, 3).reduce((sum, size) => sum + coded(size), norms()) + coded(map);
    for (const plugins of [
      [derivativeCodes(), groupwiseCodes(all)],
      [groupwiseCodes(all), derivativeCodes()],
    ]) {
      expect(saved(plugins)).toBe(rest + gelu / 2 + statistics);
    }
  });

  it.each([2, 8] as const)('keeps %i bits an element if asked to', (bits) => {
    const expected = blockValues.reduce((sum, size) => sum + coded(size, bits), norms(bits)) + statistics;
    expect(saved([groupwiseCodes({ ...all, bits })])).toBe(expected);
  });
});

describe('group-wise codes on a vision transformer', () => {
  it.each([
    [8, 0.02],
    [4, 0.3],
  ] as const)('of %i bits change no loss, and gradients by less than %f of their norm', async (bits, bound) => {
    const [model, batch] = [tinyVit(), images()];
    const plain = attached(model, []);
    const exact = gradientsOf(plain, batch);
    plain.detach();
    const stack = attached(model, [groupwiseCodes({ ...all, bits })]);
    expect(relativeDistance(gradientsOf(stack, batch), exact)).toBeLessThan(bound);
    stack.setEnabled('groupwise-codes', false);
    expect(gradientsOf(stack, batch)).toEqual(exact);
    stack.detach();
    model.dispose();
    disposeBatch(batch);
  });

  it('leave small values and statistics alone, and what is excluded', () => {
    const saved = (options: object) => savedBy([groupwiseCodes(options)], { filter: biases }).bytes;
    const plain = savedBy([], { filter: biases }).bytes;
    expect(saved({ smallest: 1e6 })).toBe(plain);
    expect(saved({ ...all, kernels: ['Conv2D'] })).toBe(plain);
    expect(saved({ ...all, where: 'nowhere.**' })).toBe(plain);
    const attention = saved({ ...all, kernels: ['tapgrad.Attention'] });
    const others = saved({ ...all, except: ['tapgrad.Attention'] });
    expect(plain - attention + (plain - others)).toBe(plain - saved(all));
    expect(saved({ ...all, roles: ['aux'] })).toBe(plain - 2 * (4 * B * H * N * N - coded(B * H * N * N)));
  });

  it('say that they are lossy, and by how much', () => {
    const model = tinyVit();
    const stack = attached(model, [groupwiseCodes()]);
    expect(stack.explain()).toMatch(/lossy: saved values within one step/);
    stack.detach();
    model.dispose();
  });

  it('refuse options that make no sense', () => {
    for (const options of [{ bits: 3 }, { group: 100 }, { rounding: 'up' }, { kernels: [] }]) {
      expect(() => groupwiseCodes(options as never)).toThrow(expect.objectContaining({ code: 'PLUGIN_OPTIONS' }));
    }
  });
});

describe('a slot', () => {
  const format = { bits: 4, group: 256, scales: 'bfloat16', rounding: 'nearest', smallest: 1, stream: 'test' } as const;
  const plan = (slot: SlotPlan, _: SaveRequest) => slot.through(groupStage(format));

  it('packs one buffer once, whoever saves it', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const x = normal([64, 32], 'x');
        const [v, w] = [tf.variable(normal([32, 8], 'v')), tf.variable(normal([32, 8], 'w'))];
        const once = record(() => tf.sum(linear(x, v)), { parameters: { v, w }, plan });
        const twice = record(() => tf.add(tf.sum(linear(x, v)), tf.sum(linear(x, w))), { parameters: { v, w }, plan });
        expect(once.tape.savedBytes).toBe(coded(64 * 32));
        expect(twice.tape.savedBytes).toBe(coded(64 * 32));
        once.tape.dispose();
        twice.tape.dispose();
        v.dispose();
        w.dispose();
      }),
    );
  });

  it('keeps a derivative code of a buffer beside the group code of the same buffer', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const x = normal([64, 32], 'x');
        const [v, w] = [tf.variable(normal([32, 32], 'v')), tf.variable(normal([32, 8], 'w'))];
        const both = (slot: SlotPlan, request: SaveRequest) => {
          const table = request.role === 'derivative' && derivativeTable(request.kernel, request.attrs, 4);
          return table ? slot.through(derivativeStage(table, request)) : plan(slot, request);
        };
        const f = () => tf.sum(linear(tf.relu(linear(x, v)), w));
        const exact = record(f, { parameters: { v, w } });
        const { tape, value } = record(f, { parameters: { v, w }, plan: both });
        // x and relu's output in codes of 4 bits, and one bit of relu's derivative: all three of 64 x 32 elements.
        expect(tape.savedBytes).toBe(2 * coded(64 * 32) + (64 * 32) / 8);
        exact.tape.backward(exact.value);
        tape.backward(value);
        const [a, b] = [tape, exact.tape].map(({ gradients }) => ({
          v: [...(gradients.get('v') as tf.Tensor).dataSync()],
        }));
        expect(relativeDistance(a as { v: number[] }, b as { v: number[] })).toBeLessThan(0.2);
        for (const each of [tape, exact.tape]) each.dispose();
        v.dispose();
        w.dispose();
      }),
    );
  });

  it('frees the original as soon as its module returns', () => {
    const ledger = new Ledger().open();
    const [x, v] = [normal([256, 32], 'x'), tf.tidy(() => tf.variable(normal([32, 32], 'v')))];
    ledger.claim(x, 'batch');
    ledger.claim(v, 'parameters');
    const before = ledger.now().bytes;
    const { tape, value } = record(() => tf.sum(gelu(gelu(gelu(linear(x, v))))), {
      parameters: { v },
      plan,
      derivedSlots: false,
    });
    // x and three inputs of gelu in codes, and the sum: no activation of 256 x 32 floats.
    expect(ledger.now().bytes - before).toBe(4 * coded(256 * 32) + 4);
    tape.dispose();
    value.dispose();
    ledger.shut();
    x.dispose();
    v.dispose();
  });
});
