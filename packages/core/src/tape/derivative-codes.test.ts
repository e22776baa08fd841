import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  activatingLinear,
  gelu,
  linear,
  record,
  type SaveRequest,
  type SlotPlan,
  type SlotStage,
  silu,
  valueAndGrad,
} from '../index.ts';
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

  describe('made in the pass that computes the op', () => {
    const together = (output: (x: tf.Tensor) => tf.Tensor): SlotStage<tf.Tensor> => {
      const { pack, ...rest } = codes(slopes['tapgrad.Silu']!);
      return {
        ...rest,
        pack: () => {
          throw new Error('packed by itself');
        },
        packWithOutput: (value) => ({ packed: pack(value), output: output(value) }),
      };
    };
    const planOf =
      (stage: SlotStage<tf.Tensor>, ...behind: SlotStage<tf.Tensor>[]) =>
      (given: SlotPlan, { kernel }: SaveRequest) =>
        kernel === 'tapgrad.Silu' ? [stage, ...behind].reduce((slots, each) => slots.through(each), given) : given;

    it('gives the output, also behind other stages', () => {
      expectNoLeak(() =>
        tf.tidy(() => {
          const w = normal([4], 'w');
          const halved: SlotStage<tf.Tensor> = { pack: (code) => tf.mul(code, 0.5), unpack: (half) => tf.mul(half, 2) };
          // Twice what silu is, to be seen in the value: the rest of the graph goes on with what the stage gave.
          const stage = together((x) => tf.mul(2, tf.mul(x, tf.sigmoid(x))));
          const f = () => tf.sum(silu(w));
          const plain = valueAndGrad(f, [w]);
          const coded = valueAndGrad(f, [w], { plan: planOf(stage, halved) });
          expect(valuesOf(coded.value)[0]).toBeCloseTo(2 * valuesOf(plain.value)[0]!, 12);
          for (const [i, value] of valuesOf(coded.gradients[0]!).entries()) {
            expect(value).toBeCloseTo(valuesOf(plain.gradients[0]!)[i]!, 12);
          }
        }),
      );
    });

    it('is made once where a linear layer and its activation are expected together', () => {
      expectNoLeak(() =>
        tf.tidy(() => {
          const [x, w] = [normal([2, 4], 'x'), normal([4, 4], 'w')];
          let outputs = 0;
          const stage = together((z) => {
            outputs++;
            return tf.mul(z, tf.sigmoid(z));
          });
          const f = () => activatingLinear({ kernel: 'tapgrad.Silu' }, () => tf.sum(silu(linear(x, w))));
          const [plain, coded] = [valueAndGrad(f, [w]), valueAndGrad(f, [w], { plan: planOf(stage) })];
          expect(outputs).toBe(1);
          for (const [i, value] of valuesOf(coded.gradients[0]!).entries()) {
            expect(value).toBeCloseTo(valuesOf(plain.gradients[0]!)[i]!, 12);
          }
        }),
      );
    });

    it('is refused with an output of another shape, and nothing leaks', () => {
      const w = normal([4], 'w');
      const before = tf.memory().numTensors;
      const stage = together((x) => tf.reshape(x, [2, 2]));
      const failing = () => tf.tidy(() => void valueAndGrad(() => tf.sum(silu(w)), [w], { plan: planOf(stage) }));
      expect(failing).toThrow('packWithOutput made [2,2], float32, of [4], float32');
      expect(tf.memory().numTensors).toBe(before);
      w.dispose();
    });

    it('is freed where a stage behind it fails', () => {
      const w = normal([4], 'w');
      const before = tf.memory().numTensors;
      const broken: SlotStage<tf.Tensor> = {
        pack: () => {
          throw new Error('no room');
        },
        unpack: (half) => half,
      };
      const stage = together((x) => tf.mul(x, tf.sigmoid(x)));
      const plan = planOf(stage, broken);
      expect(() => tf.tidy(() => void valueAndGrad(() => tf.sum(silu(w)), [w], { plan }))).toThrow('no room');
      expect(tf.memory().numTensors).toBe(before);
      w.dispose();
    });
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
