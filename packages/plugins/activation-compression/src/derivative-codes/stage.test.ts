import { gelu, hardSwish, record, type SaveRequest, type SlotPlan, silu, valueAndGrad } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type piecewiseFunctions, smoothFunctions } from './functions.ts';
import { codeOf } from './math.ts';
import { derivativeStage } from './stage.ts';
import { derivativeTable } from './tables.ts';

const plan =
  (bits: number) =>
  (slot: SlotPlan, request: SaveRequest): SlotPlan => {
    const { role, kernel, attrs } = request;
    const table = role === 'derivative' ? derivativeTable(kernel, attrs, bits) : undefined;
    return table ? slot.through(derivativeStage(table, request)) : slot;
  };

/** Each element's gradient by itself, with codes and without. */
function slopes(f: (x: tf.Tensor) => tf.Tensor, at: readonly number[], bits: number) {
  return tf.tidy(() => {
    const x = tf.tensor1d([...at]);
    const run = (options: object) => valueAndGrad(() => tf.sum(f(x)), [x], options).gradients[0] as tf.Tensor;
    return { exact: [...run({}).dataSync()], coded: [...run({ plan: plan(bits) }).dataSync()] };
  });
}

const smooth: Readonly<
  Record<keyof typeof smoothFunctions, [kernel: string, f: (x: tf.Tensor) => tf.Tensor, attrs?: Record<string, string>]>
> = {
  gelu: ['tapgrad.Gelu', (x) => gelu(x), { approximate: 'none' }],
  'gelu-tanh': ['tapgrad.Gelu', (x) => gelu(x, { approximate: 'tanh' }), { approximate: 'tanh' }],
  silu: ['tapgrad.Silu', silu],
  'hard-swish': ['tapgrad.HardSwish', hardSwish],
  sigmoid: ['Sigmoid', tf.sigmoid],
  tanh: ['Tanh', tf.tanh],
  softplus: ['Softplus', tf.softplus],
  elu: ['Elu', tf.elu],
  selu: ['Selu', tf.selu],
  erf: ['Erf', tf.erf],
  atan: ['Atan', tf.atan],
  asinh: ['Asinh', tf.asinh],
};

describe.each(Object.entries(smooth))('%s', (name, [kernel, f, attrs = {}]) => {
  it.each([1, 2, 3, 4])('with %i bits passes back the level of its segment, within the bound', (bits) => {
    const table = derivativeTable(kernel, attrs, bits);
    if (!table) throw new Error('no table');
    // Not on the borders, and not where a bounded output has run into its limit.
    const at = Array.from({ length: 121 }, (_, i) => (i - 60) / 10 + 0.0123);
    const { exact, coded } = slopes(f, at, bits);
    const scalar = smoothFunctions[name as keyof typeof smoothFunctions];
    for (const [i, x] of at.entries()) {
      const saved = ['sigmoid', 'tanh', 'elu', 'selu'].includes(name) ? scalar.f(x) : x;
      expect(coded[i]).toBeCloseTo(table.levels[codeOf(saved, table.borders)] as number, 10);
      expect(exact[i]).toBeCloseTo(scalar.derivative(x), 6);
      expect(Math.abs((coded[i] as number) - (exact[i] as number))).toBeLessThanOrEqual(table.bound + 1e-6);
    }
  });
});

const piecewise: Readonly<Record<(typeof piecewiseFunctions)[number], (x: tf.Tensor) => tf.Tensor>> = {
  relu: tf.relu,
  relu6: tf.relu6,
  'leaky-relu': (x) => tf.leakyRelu(x, 0.125),
  abs: tf.abs,
  clip: (x) => tf.clipByValue(x, -1, 2),
};

describe.each(Object.entries(piecewise))('%s', (_, f) => {
  it('is exact in 1 bit, at its kinks, too', () => {
    const at = [-100, -7, -1.5, -1, -0.5, -1e-9, 0, 1e-9, 0.5, 1, 1.9, 2, 2.1, 5.9, 6, 6.1, 100];
    for (const bits of [1, 4]) {
      const { exact, coded } = slopes(f, at, bits);
      expect(coded).toEqual(exact);
    }
  });
});

describe('what is kept', () => {
  it.each([1, 2, 3, 4])('are ⌈n · bits / 32⌉ words with %i bits', (bits) => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const x = tf.tensor1d(Array.from({ length: 1003 }, (_, i) => i / 100 - 5));
        const { tape, value } = record(() => tf.sum(gelu(x)), { parameters: { x }, plan: plan(bits) });
        expect(tape.savedBytes).toBe(4 * Math.ceil((1003 * bits) / 32));
        tape.backward(value);
        tape.dispose();
      }),
    );
  });

  it('of functions with an unbounded or unknown derivative is the value, and the gradient exact', () => {
    const at = [0.2, 0.7, 1.3];
    const positive = [
      tf.square,
      tf.exp,
      tf.log,
      tf.log1p,
      tf.sqrt,
      tf.rsqrt,
      tf.reciprocal,
      tf.sinh,
      tf.cosh,
      tf.sin,
      tf.cos,
      tf.tan,
    ];
    for (const f of positive as ((x: tf.Tensor) => tf.Tensor)[]) {
      const { exact, coded } = slopes(f, at, 4);
      expect(coded).toEqual(exact);
    }
  });

  it('is lossy by the bound of its table, and not at all for piecewise linear functions', () => {
    const stageOf = (kernel: string, attrs = {}) => {
      const table = derivativeTable(kernel, attrs, 4);
      return table && derivativeStage(table, { kernel, attrs, shape: [1] });
    };
    expect(stageOf('tapgrad.Gelu')?.lossy).toBe('|f′ − code| ≤ 0.062');
    expect(stageOf('Relu6')?.lossy).toBeUndefined();
    expect(stageOf('Square')).toBeUndefined();
  });
});
