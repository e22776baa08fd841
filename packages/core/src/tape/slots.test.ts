import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  attention,
  gelu,
  linear,
  markModified,
  type RecordOptions,
  record,
  type SaveRequest,
  type SlotPlan,
  type SlotStage,
  silu,
  valueAndGrad,
} from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

/** A stage that writes down what happens to it. */
function traced(name: string, log: string[]): SlotStage<{ inner: tf.Tensor }> {
  return {
    pack(x) {
      log.push(`pack ${name}`);
      return { inner: tf.neg(x) };
    },
    unpack({ inner }) {
      log.push(`unpack ${name}`);
      return tf.neg(inner);
    },
    discard: () => void log.push(`discard ${name}`),
  };
}

/** One stage behind the other. */
const through =
  (...stages: Stage[]) =>
  (plan: SlotPlan) =>
    stages.reduce((made, stage) => made.through(stage as unknown as SlotStage), plan);

/** A stage of any kind: what it makes is its own business. */
type Stage = { readonly [K in keyof SlotStage]: unknown };

/** Gradients of `f` with and without the options; they must be equal. */
function expectSameGradients(f: (w: tf.Tensor) => tf.Tensor, options: Partial<RecordOptions>): void {
  expectNoLeak(() =>
    tf.tidy(() => {
      const w = normal([4, 4], 'w');
      const plain = valueAndGrad(() => f(w), { w }).gradients.w;
      const changed = valueAndGrad(() => f(w), { w }, options).gradients.w;
      expect(valuesOf(changed)).toEqual(valuesOf(plain));
    }),
  );
}

const attended = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, mask?: tf.Tensor) =>
  tf.sum(tf.square(attention(q, k, v, { heads: 2, ...(mask && { mask }) })));

it.each<[string, (x: tf.Tensor, fixed: tf.Tensor) => tf.Tensor]>([
  ['all operands', (x, fixed) => attended(x, tf.mul(x, 2), tf.mul(x, fixed))],
  ['query', (x, fixed) => attended(x, fixed, tf.neg(fixed))],
  ['key', (x, fixed) => attended(fixed, x, tf.neg(fixed))],
  ['value', (x, fixed) => attended(fixed, tf.neg(fixed), x)],
  ['mask', (x, fixed) => attended(fixed, tf.neg(fixed), tf.square(fixed), tf.sum(x, 2, true))],
])('attention’s gradient of %s is the same from a packed map', (_, f) => {
  const negated: SlotStage<tf.Tensor> = { pack: (x) => tf.neg(x), unpack: (packed) => tf.neg(packed) };
  const fixed = normal([1, 4, 4], 'fixed');
  expectSameGradients((w) => f(tf.reshape(w, [1, 4, 4]), fixed), { plan: through(negated) });
  fixed.dispose();
});

describe('the slot pipeline', () => {
  it('runs all stages, undoes them in reverse, and frees them', () => {
    const log: string[] = [];
    const plan = through(traced('a', log), traced('b', log));
    expectSameGradients((w) => tf.sum(tf.exp(w)), { plan });
    expect(log).toEqual(['pack a', 'pack b', 'unpack b', 'unpack a', 'discard a', 'discard b']);
  });

  it('applies a stage to each tensor of the one before', () => {
    const log: string[] = [];
    const split: SlotStage<[tf.Tensor, { rest: tf.Tensor }]> = {
      pack: (x) => [tf.mul(x, 0.5), { rest: tf.mul(x, 0.5) }],
      unpack: ([a, { rest }]) => tf.add(a, rest),
    };
    const plan = through(split, traced('b', log));
    expectSameGradients((w) => tf.sum(tf.exp(w)), { plan });
    expect(log.filter((entry) => entry === 'pack b').length).toBe(2);
  });

  it('packs one buffer once, however many ops save it and in whatever shape', () => {
    const log: string[] = [];
    const plan = through(traced('a', log));
    expectSameGradients(
      (w) => {
        const h = tf.exp(w);
        return tf.add(tf.sum(tf.square(tf.reshape(h, [16]))), tf.sum(tf.mul(h, tf.transpose(tf.exp(w)))));
      },
      { plan, derivedSlots: false },
    );
    // Two calls of exp, and a transpose.
    expect(log.filter((entry) => entry === 'pack a').length).toBe(3);
  });

  it('is told what is saved, and never asked about parameters', () => {
    const requests: SaveRequest[] = [];
    const plan = (given: SlotPlan, request: SaveRequest) => {
      requests.push(request);
      return given;
    };
    tf.tidy(() => {
      const w = tf.variable(normal([4, 4], 'w'));
      const x = normal([2, 4], 'x');
      valueAndGrad(() => tf.sum(gelu(linear(tf.tanh(linear(x, w)), w))), { w }, { plan });
      w.dispose();
    });
    expect(
      requests.map(({ kernel, operand, role, shape, dtype, bytes, kind, phase }) => ({
        kernel,
        operand,
        role,
        shape,
        dtype,
        bytes,
        kind,
        phase,
      })),
    ).toEqual(
      [
        { kernel: 'tapgrad.Linear', operand: 'x', role: 'input' },
        { kernel: 'Tanh', operand: 'y', role: 'derivative' },
        { kernel: 'tapgrad.Gelu', operand: 'x', role: 'derivative' },
      ].map((each) => ({ ...each, shape: [2, 4], dtype: 'float32', bytes: 32, kind: 'activation', phase: 'forward' })),
    );
  });

  it('counts what the last stage keeps', () => {
    tf.tidy(() => {
      const w = normal([4, 4], 'w');
      const half: SlotStage<tf.Tensor> = {
        pack: (x) => tf.slice(x, [0, 0], [2, 4]),
        unpack: (x) => tf.concat([x, x]),
        lossy: 'half is lost',
      };
      const { tape } = record(() => tf.exp(w), { parameters: { w }, plan: through(half) });
      expect(tape.savedBytes).toBe(32);
      expect(tape.savedBuffers).toBe(1);
      tape.dispose();
    });
  });

  it('disposes what a stage makes beside its result', () => {
    const wasteful: SlotStage<tf.Tensor> = {
      pack: (x) => tf.add(tf.mul(x, 2), tf.zeros(x.shape)),
      unpack: (x) => tf.mul(tf.add(x, tf.zeros(x.shape)), 0.5),
    };
    expectSameGradients((w) => tf.sum(tf.exp(w)), { plan: through(wasteful) });
  });

  it('may keep a tensor of its own and give it back each time', () => {
    const w = normal([4, 4], 'w');
    const kept = tf.tidy(() => tf.keep(tf.exp(w)));
    const cached: SlotStage<object> = { pack: () => ({}), unpack: () => kept };
    expectNoLeak(() => tf.dispose(valueAndGrad(() => tf.sum(tf.exp(w)), { w }, { plan: through(cached) })));
    expect(kept.isDisposed).toBe(false);
    tf.dispose([w, kept]);
  });
});

describe('derived slots', () => {
  it('save fewer buffers and give the same bits', () => {
    const f = (w: tf.Tensor) => {
      const h = gelu(tf.matMul(w as tf.Tensor2D, w as tf.Tensor2D));
      return tf.sum(tf.matMul(silu(h) as tf.Tensor2D, tf.add(h, 1) as tf.Tensor2D));
    };
    expectSameGradients(f, { derivedSlots: false });
    tf.tidy(() => {
      const w = normal([4, 4], 'w');
      const counts = [true, false].map((derivedSlots) => {
        const { tape } = record(() => f(w), { parameters: { w }, derivedSlots });
        const { savedBuffers } = tape;
        tape.dispose();
        return savedBuffers;
      });
      expect(counts[0]).toBeLessThan(counts[1] as number);
    });
  });

  it('are saved by themselves if a stage keeps their base with a loss', () => {
    const lossy: SlotStage<tf.Tensor> = {
      pack: (x) => tf.clone(x),
      unpack: (x) => tf.clone(x),
      lossy: 'none, in truth',
    };
    tf.tidy(() => {
      const [x, w] = [normal([2, 4], 'x'), tf.variable(normal([4, 4], 'w'))];
      const count = (plan?: (given: SlotPlan) => SlotPlan) => {
        const { tape } = record(() => linear(gelu(linear(x, w)), w), { parameters: { w }, ...(plan && { plan }) });
        const { savedBuffers } = tape;
        tape.dispose();
        return savedBuffers;
      };
      expect(count()).toBe(2);
      expect(count(through(lossy))).toBe(3);
      expect(count(through({ ...lossy, lossy: undefined }))).toBe(2);
      w.dispose();
    });
  });
});

class Numbers {
  looks = 0;
  readonly own: Float32Array;

  constructor(
    readonly shape: number[],
    values: Float32Array,
  ) {
    this.own = values;
    const get = () => {
      this.looks++;
      return this.own;
    };
    Object.defineProperty(this, 'values', { enumerable: true, get });
  }
}

it('what a stage keeps beside tensors is its own: nobody looks into it', () => {
  const made: Numbers[] = [];
  const hidden: SlotStage<Numbers> = {
    pack(x) {
      const numbers = new Numbers(x.shape, new Float32Array(x.dataSync()));
      made.push(numbers);
      return numbers;
    },
    unpack: ({ shape, own }) => tf.tensor(own, shape),
  };
  expectSameGradients((w) => tf.sum(tf.exp(w)), { plan: through(hidden) });
  expect(made.map(({ looks }) => looks)).toEqual([0]);
});

describe('a value that was changed in place after it was saved', () => {
  const [alias, copy] = [
    { pack: (x: tf.Tensor) => x, unpack: (x: tf.Tensor) => x },
    { pack: (x: tf.Tensor) => tf.clone(x), unpack: (x: tf.Tensor) => tf.clone(x) },
  ];

  it.each([
    ['kept as it is', undefined],
    ['behind a stage that keeps it', through(alias)],
    ['behind a stage that copies it', through(copy)],
  ])('is refused, %s', async (_, plan) => {
    const refused = expect.objectContaining({ code: 'SAVED_VALUE_MODIFIED' });
    for (const late of [false, true])
      await expectNoLeak(async () => {
        const w = normal([3], 'w');
        let made: tf.Tensor | undefined;
        const exponential = () => {
          made = tf.keep(tf.exp(w));
          return tf.sum(made);
        };
        const { value, tape } = record(exponential, { parameters: { w }, ...(plan && { plan }) });
        markModified(made as tf.Tensor);
        if (late) await expect(tape.backwardAsync(value)).rejects.toThrow(refused);
        else expect(() => tape.backward(value)).toThrow(refused);
        tape.dispose();
        tf.dispose([value, w, made as tf.Tensor]);
      });
  });
});
