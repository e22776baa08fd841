import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { customRule, grad, record, valueAndGrad } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

const gradientOf = (tape: { gradients: Map<string, tf.Tensor> }, name: string) => tape.gradients.get(name) as tf.Tensor;

describe('rules of the user', () => {
  it('may let the value through as it is: only what comes through them is changed', () => {
    expectNoLeak(() =>
      tf.tidy(() => {
        // Gradient reversal (Ganin & Lempitsky 2015).
        const reversal = customRule({
          name: 'reversal',
          inputs: ['x'],
          forward: ({ x }) => x as tf.Tensor,
          backward: ({ dy }) => ({ x: () => tf.neg(dy) }),
        });
        const straight = tf.customGrad((x: unknown) => ({
          value: x as tf.Tensor,
          gradFunc: (dy: tf.Tensor) => tf.mul(dy, 10),
        }));
        const w = normal([3], 'w');
        const through = (f: (x: tf.Tensor) => tf.Tensor) =>
          valuesOf(grad(() => tf.add(tf.sum(f(w)), tf.mul(tf.sum(w), 100)), [w])[0] as tf.Tensor);
        expect(through((x) => reversal({ x }))).toEqual([99, 99, 99]);
        expect(through((x) => straight(x))).toEqual([110, 110, 110]);
      }),
    );
  });

  it('may return a tensor that lives on', () => {
    const [w, injected] = [normal([3], 'w'), tf.tensor1d([7, 8, 9])];
    const synthetic = customRule({
      name: 'synthetic',
      inputs: ['x'],
      forward: ({ x }) => tf.exp(x as tf.Tensor),
      backward: () => ({ x: () => injected }),
    });
    expectNoLeak(() => {
      const { value, gradients } = valueAndGrad(() => tf.sum(synthetic({ x: tf.mul(w, 2) })), { w });
      expect(valuesOf(gradients.w)).toEqual([14, 16, 18]);
      expect(injected.isDisposed).toBe(false);
      const direct = valueAndGrad(() => tf.sum(synthetic({ x: w })), { w });
      direct.gradients.w.dispose();
      expect(injected.isDisposed).toBe(false);
      tf.dispose([value, gradients, direct.value]);
    });
    tf.dispose([w, injected]);
  });

  it('of tfjs may save inputs, outputs and what they made', () => {
    const w = normal([3], 'w');
    expectNoLeak(() => {
      const f = tf.customGrad((x: unknown, save: unknown) => {
        const input = x as tf.Tensor;
        const inner = tf.exp(input);
        const value = tf.square(inner);
        (save as (tensors: tf.Tensor[]) => void)([input, inner, value]);
        return {
          value,
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
            tf.mul(dy, tf.mul(2, tf.mul(saved[1] as tf.Tensor, saved[1] as tf.Tensor))),
        };
      });
      const { value, tape } = record(() => tf.sum(f(w)), { parameters: { w } });
      expect(tape.savedBuffers).toBe(3);
      tape.backward(value);
      const expected = Array.from(w.dataSync(), (each) => 2 * Math.exp(2 * each));
      for (const [i, each] of valuesOf(gradientOf(tape, 'w')).entries())
        expect(each).toBeCloseTo(expected[i] as number, 10);
      tape.dispose();
      value.dispose();
    });
    w.dispose();
  });

  it('of tfjs are seen through where a fused kernel has a rule that saves less', () => {
    tf.tidy(() => {
      const [x, w, b] = [normal([2, 3], 'x'), tf.variable(normal([3, 3], 'w')), tf.variable(normal([3], 'b'))];
      const layer = () => tf.fused.matMul({ a: x as tf.Tensor2D, b: w as tf.Tensor2D, bias: b, activation: 'relu' });
      const { tape } = record(layer, { parameters: { b } });
      // tfjs ends it with a reshape.
      expect(tape.nodes.map((node) => node?.kernel)).toEqual(['_FusedMatMul', 'Reshape']);
      expect(tape.savedBuffers).toBe(1);
      tape.dispose();
      tf.dispose([w, b]);
    });
  });
});

describe('kernels of several outputs', () => {
  it.each([
    ['the first', 0],
    ['one in the middle', 1],
    ['the last', 2],
  ])('are differentiated through %s alone', (_, used) => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const w = normal([3, 2], 'w');
        const through = (parts: readonly tf.Tensor[]) => tf.sum(tf.square(parts[used] as tf.Tensor));
        for (const split of [(x: tf.Tensor) => tf.unstack(x), (x: tf.Tensor) => tf.split(x, 3)]) {
          const gradient = valuesOf(grad(() => through(split(w)), [w])[0] as tf.Tensor);
          const values = valuesOf(w);
          expect(gradient).toEqual(values.map((value, i) => (Math.floor(i / 2) === used ? 2 * value : 0)));
        }
      }),
    );
  });
});
