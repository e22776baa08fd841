import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  checkpoint,
  currentPhase,
  dropout,
  gelu,
  grad,
  linear,
  manualSeed,
  record,
  untaped,
  valueAndGrad,
} from '../index.ts';

const x = () => tf.tensor2d([0.3, -0.2, 0.8, 1.1, 0.4, -0.9], [2, 3]);
const w = () => tf.tensor2d([0.1, -0.4, 0.3, 0.6, 0.2, -0.5, 0.7, 0.9, -0.1], [3, 3]);

describe('checkpoint', () => {
  it('gives the gradients of the plain segment, with the same random draws', () => {
    tf.tidy(() => {
      const [input, weight] = [x(), tf.variable(w())];
      const segment = (h: tf.Tensor) => tf.mul(dropout(gelu(linear(h, weight)), 0.5), tf.square(h));
      const run = (wrap: boolean) => {
        manualSeed(5);
        return valueAndGrad(() => tf.sum(wrap ? checkpoint(segment, tf.exp(input)) : segment(tf.exp(input))), {
          input,
          weight,
        });
      };
      const [plain, wrapped] = [run(false), run(true)];
      expect(wrapped.value.dataSync()).toEqual(plain.value.dataSync());
      expect(wrapped.gradients.input.dataSync()).toEqual(plain.gradients.input.dataSync());
      expect(wrapped.gradients.weight.dataSync()).toEqual(plain.gradients.weight.dataSync());
      expect(Math.max(...plain.gradients.weight.dataSync().map(Math.abs))).toBeGreaterThan(0.1);
      weight.dispose();
    });
  });

  it('keeps its inputs alone', () => {
    tf.tidy(() => {
      const [input, weight] = [x(), tf.variable(w())];
      const segment = (h: tf.Tensor) => tf.exp(tf.square(linear(h, weight)));
      const { tape } = record(() => checkpoint(segment, tf.exp(input)), { parameters: { input, weight } });
      expect(tape.savedBytes).toBe(input.size * 4);
      tape.dispose();
      weight.dispose();
    });
  });

  it('takes parameters that are plain tensors, other checkpoints inside, and a segment that returns its input', () => {
    tf.tidy(() => {
      const [input, weight] = [x(), w()];
      const inner = (h: tf.Tensor) => gelu(linear(h, weight));
      const segment = (h: tf.Tensor) => tf.mul(checkpoint(inner, h), tf.square(h));
      const same = (h: tf.Tensor) => h;
      const run = (wrap: boolean) =>
        valueAndGrad(
          () => {
            const hidden = tf.exp(input);
            return tf.sum(
              tf.tanh(wrap ? checkpoint(same, checkpoint(segment, hidden)) : tf.mul(inner(hidden), tf.square(hidden))),
            );
          },
          { input, weight },
        ).gradients;
      const [plain, wrapped] = [run(false), run(true)];
      expect(wrapped.input.dataSync()).toEqual(plain.input.dataSync());
      expect(wrapped.weight.dataSync()).toEqual(plain.weight.dataSync());
    });
  });

  it('has second derivatives, those of the segment itself', () => {
    tf.tidy(() => {
      const input = x();
      const segment = (h: tf.Tensor) => tf.exp(tf.square(h));
      const second = (f: (h: tf.Tensor) => tf.Tensor) =>
        grad(() => tf.sum(tf.square(grad(() => tf.sum(f(input)), [input])[0])), [input])[0].dataSync();
      expect(second((h) => checkpoint(segment, h))).toEqual(second(segment));
    });
  });

  it('records nothing under untaped', () => {
    tf.tidy(() => {
      const input = x();
      const { tape } = record(() => untaped(() => checkpoint((h: tf.Tensor) => tf.exp(h), input)), {
        parameters: [input],
      });
      expect(tape.nodes.length).toBe(0);
      tape.dispose();
    });
  });

  it('refuses a parameter that was assigned between forward and backward', () => {
    const [input, next] = [x(), w()];
    const weight = tf.tidy(() => tf.variable(tf.mul(w(), 2)));
    const { value, tape } = record(() => tf.sum(checkpoint((h: tf.Tensor) => tf.exp(linear(h, weight)), input)), {
      parameters: { weight },
    });
    weight.assign(next);
    expect(() => tape.backward(value)).toThrow(/SAVED_VALUE_MODIFIED/);
    tape.dispose();
    tf.dispose([input, next, weight, value]);
  });

  it('leaves nothing behind when the segment throws, in forward or when it runs again', () => {
    const input = x();
    for (const failsAt of [1, 2]) {
      expectNoLeak(() => {
        let runs = 0;
        const segment = (h: tf.Tensor) => {
          const hidden = tf.exp(h);
          if (++runs === failsAt) throw new Error('no more');
          return tf.square(hidden);
        };
        expect(() => valueAndGrad(() => tf.sum(checkpoint(segment, tf.square(input))), [input])).toThrow('no more');
        expect(runs).toBe(failsAt);
      });
    }
    input.dispose();
  });

  it('tells the phase, so that side effects happen once', () => {
    const input = x();
    const phases: string[] = [];
    const segment = (h: tf.Tensor) => {
      phases.push(currentPhase());
      return tf.exp(h);
    };
    tf.dispose([...Object.values(valueAndGrad(() => tf.sum(checkpoint(segment, input)), { input }))] as tf.Tensor[]);
    expect(phases).toEqual(['forward', 'recompute']);
    input.dispose();
  });

  it('refuses an activation that was not passed in', () => {
    tf.tidy(() => {
      const input = x();
      const run = () =>
        valueAndGrad(() => {
          const hidden = tf.exp(input);
          return tf.sum(checkpoint((h) => tf.mul(h, hidden), tf.square(input)));
        }, [input]);
      expect(run).toThrow(/CHECKPOINT_CAPTURE/);
    });
  });
});
