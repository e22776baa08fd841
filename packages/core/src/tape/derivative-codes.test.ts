import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { gelu, linear, record, type SaveRequest, type SlotPlan, type SlotStage, silu, valueAndGrad } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

describe('a code of the derivative', () => {
  /** Keeps 2·f'(x) of tanh, or of gelu by a finite difference, and says so. */
  const codes = (derivative: (value: tf.Tensor) => tf.Tensor): SlotStage<tf.Tensor> => ({
    pack: (value) => tf.mul(derivative(value), 2),
    unpack: (code) => tf.mul(code, 0.5),
    restores: 'derivative',
  });
  const slopes: Record<string, (value: tf.Tensor) => tf.Tensor> = {
    Tanh: (y) => tf.sub(1, tf.square(y)),
    'tapgrad.Silu': (x) => tf.mul(tf.sigmoid(x), tf.add(1, tf.mul(x, tf.sub(1, tf.sigmoid(x))))),
    'tapgrad.Gelu': (x) => tf.mul(x, 0),
  };
  const plan = (given: SlotPlan, { kernel, role }: SaveRequest) => {
    const slope = slopes[kernel];
    return role === 'derivative' && slope ? given.through(codes(slope)) : given;
  };

  it('takes the place of the value in elementwise rules', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const w = normal([4], 'w');
        const f = () => tf.sum(tf.tanh(w));
        const [plain, coded] = [valueAndGrad(f, [w]), valueAndGrad(f, [w], { plan })].map(({ gradients }) =>
          valuesOf(gradients[0] as tf.Tensor),
        );
        for (const [i, value] of (coded as number[]).entries()) expect(value).toBeCloseTo(plain?.[i] as number, 12);
      }),
    );
  });

  it('may be multiplied by the gradient in one pass, also behind other stages', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const w = normal([4], 'w');
        let products = 0;
        const inOnePass: SlotStage<tf.Tensor> = {
          ...codes((y) => tf.sub(1, tf.square(y))),
          unpackTimes(code, dy) {
            products++;
            return tf.mul(tf.mul(code, 0.5), dy);
          },
        };
        const halved: SlotStage<tf.Tensor> = { pack: (code) => tf.mul(code, 0.5), unpack: (half) => tf.mul(half, 2) };
        const given = (slots: SlotPlan, { kernel }: SaveRequest) =>
          kernel === 'Tanh' ? slots.through(inOnePass).through(halved) : slots;
        const f = () => tf.sum(tf.tanh(w));
        const [plain, coded] = [valueAndGrad(f, [w]), valueAndGrad(f, [w], { plan: given })].map(({ gradients }) =>
          valuesOf(gradients[0] as tf.Tensor),
        );
        for (const [i, value] of (coded as number[]).entries()) expect(value).toBeCloseTo(plain?.[i] as number, 12);
        expect(products).toBe(1);
      }),
    );
  });

  it('is not taken for the value by other ops, nor for the derivative of another function of it', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const w = normal([4], 'w');
        // Silu and gelu save the same tensor for their derivatives, and square saves it for itself.
        const f = (branch: 'silu' | 'gelu' | 'square') => () => {
          const h = tf.neg(w);
          const [a, b, c] = [tf.sum(silu(h)), tf.sum(gelu(h)), tf.sum(tf.pow(h, 2))];
          return { silu: a, gelu: b, square: c }[branch];
        };
        for (const branch of ['silu', 'square'] as const) {
          const [plain, coded] = [valueAndGrad(f(branch), [w]), valueAndGrad(f(branch), [w], { plan })].map(
            ({ gradients }) => valuesOf(gradients[0] as tf.Tensor),
          );
          for (const [i, value] of (coded as number[]).entries()) expect(value).toBeCloseTo(plain?.[i] as number, 10);
        }
        const [gradient] = valueAndGrad(f('gelu'), [w], { plan }).gradients as [tf.Tensor];
        expect(valuesOf(tf.abs(gradient))).toEqual([0, 0, 0, 0]);
      }),
    );
  });

  it('makes the value itself be saved where something is derived from it', () => {
    tf.tidy(() => {
      const [x, w] = [normal([2, 4], 'x'), tf.variable(normal([4, 4], 'w'))];
      const f = () => tf.sum(linear(silu(linear(x, w)), w));
      const recorded = (given?: typeof plan) => {
        const { tape, value } = record(f, { parameters: { w }, ...(given && { plan: given }) });
        const buffers = tape.savedBuffers;
        tape.backward(value);
        const gradient = valuesOf(tape.gradients.get('w') as tf.Tensor);
        tape.dispose();
        return { buffers, gradient };
      };
      const [plain, coded] = [recorded(), recorded(plan)];
      // x and the input of silu; with codes: x, the codes, and the output of silu, which they cannot give.
      expect([plain.buffers, coded.buffers]).toEqual([2, 3]);
      for (const [i, value] of coded.gradient.entries()) expect(value).toBeCloseTo(plain.gradient[i] as number, 10);
      w.dispose();
    });
  });
});
