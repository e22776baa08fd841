import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { detach, grad, linear, markModified, record, valueAndGrad } from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

const gradientOf = (tape: { gradients: Map<string, tf.Tensor> }, name: string) => tape.gradients.get(name) as tf.Tensor;
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('backward in the middle of a forward', () => {
  it('frees what it used, and gradients of all calls add up', () => {
    const [x, a, b] = [normal([4, 3], 'x'), normal([3, 3], 'a', 0.5), normal([3, 3], 'b', 0.5)];
    expectNoLeak(() => {
      const saved: number[] = [];
      const { value, tape } = record(
        (recording) => {
          const first = tf.tanh(linear(x, a));
          saved.push(recording.savedBytes);
          recording.backward(tf.sum(tf.square(first)));
          saved.push(recording.savedBytes);
          return tf.sum(tf.exp(linear(linear(detach(first), b), a)));
        },
        { parameters: { a, b } },
      );
      expect(saved[0]).toBeGreaterThan(0);
      expect(saved[1]).toBe(0);
      tape.backward(value);
      const expected = grad(
        () => {
          const first = tf.tanh(linear(x, a));
          const second = tf.sum(tf.exp(linear(linear(detach(first), b), a)));
          return tf.add(tf.sum(tf.square(first)), second);
        },
        { a, b },
      );
      for (const name of ['a', 'b'] as const) {
        for (const [i, each] of valuesOf(gradientOf(tape, name)).entries()) {
          expect(each).toBeCloseTo(valuesOf(expected[name])[i] as number, 10);
        }
      }
      tf.dispose([value, expected]);
      tape.dispose();
    });
    tf.dispose([x, a, b]);
  });

  it('of what another loss still needs makes that loss an error, not a wrong gradient', () => {
    const w = normal([3], 'w');
    expectNoLeak(() => {
      const { value, tape } = record(
        (recording) => {
          const shared = tf.exp(w);
          recording.backward(tf.sum(tf.square(shared)));
          return tf.sum(tf.tanh(shared));
        },
        { parameters: { w } },
      );
      expect(() => tape.backward(value)).toThrow(code('GRAPH_RELEASED'));
      tape.dispose();
      value.dispose();
    });
    w.dispose();
  });

  it('keeps what another loss needs if it is told to retain', () => {
    const w = normal([3], 'w');
    expectNoLeak(() =>
      tf.tidy(() => {
        const { value, tape } = record(
          (recording) => {
            const shared = tf.exp(w);
            recording.backward(tf.sum(tf.square(shared)), { retain: true });
            return tf.sum(tf.tanh(shared));
          },
          { parameters: { w } },
        );
        tape.backward(value);
        const both = () => tf.add(tf.sum(tf.square(tf.exp(w))), tf.sum(tf.tanh(tf.exp(w))));
        const [expected] = grad(both, [w]) as readonly [tf.Tensor];
        for (const [i, each] of valuesOf(gradientOf(tape, 'w')).entries()) {
          expect(each).toBeCloseTo(valuesOf(expected)[i] as number, 10);
        }
        tape.dispose();
      }),
    );
    w.dispose();
  });
});

describe('a second backward', () => {
  it('through released nodes is an error', () => {
    const w = normal([3], 'w');
    const { value, tape } = record(() => tf.sum(tf.exp(w)), { parameters: { w } });
    tape.backward(value);
    expect(() => tape.backward(value)).toThrow(code('GRAPH_RELEASED'));
    tape.dispose();
    tf.dispose([w, value]);
  });

  it('through retained nodes adds the same gradients again', () => {
    const w = normal([3], 'w');
    expectNoLeak(() => {
      const { value, tape } = record(() => tf.sum(tf.mul(tf.exp(w), tf.sigmoid(w))), { parameters: { w } });
      tape.backward(value, { retain: true });
      const once = valuesOf(gradientOf(tape, 'w'));
      const { savedBytes } = tape;
      expect(savedBytes).toBeGreaterThan(0);
      tape.backward(value, { retain: true });
      expect(tape.savedBytes).toBe(savedBytes);
      tape.backward(value);
      expect(tape.savedBytes).toBe(0);
      const thrice = valuesOf(gradientOf(tape, 'w'));
      for (const [i, each] of thrice.entries()) expect(each).toBeCloseTo(3 * (once[i] as number), 12);
      tape.dispose();
      value.dispose();
    });
    w.dispose();
  });

  it('starts from given gradients, of several values at once', () => {
    tf.tidy(() => {
      const w = normal([3], 'w');
      const seed = normal([3], 'seed');
      const { value, tape } = record(() => [tf.square(w), tf.sum(w)] as const, { parameters: { w } });
      tape.backward(value, { gradient: [seed, tf.scalar(5)] });
      const expected = valuesOf(tf.add(tf.mul(tf.mul(2, w), seed), 5));
      for (const [i, each] of valuesOf(gradientOf(tape, 'w')).entries())
        expect(each).toBeCloseTo(expected[i] as number);
      expect(seed.isDisposed).toBe(false);
      tape.dispose();
    });
  });
});

describe('parameters between forward and backward', () => {
  it('may be assigned: the gradient is that of the values the forward used', () => {
    const [x, next] = [normal([2, 3], 'x'), normal([3, 3], 'next')];
    const w = tf.tidy(() => tf.variable(normal([3, 3], 'w')));
    expectNoLeak(() => {
      const loss = () => tf.sum(tf.square(linear(linear(x, w), w)));
      const expected = grad(loss, { w });
      const { value, tape } = record(loss, { parameters: { w } });
      const before = tf.clone(w);
      w.assign(next);
      tape.backward(value);
      expect(valuesOf(gradientOf(tape, 'w'))).toEqual(valuesOf(expected.w));
      w.assign(before);
      before.dispose();
      tape.dispose();
      tf.dispose([value, expected]);
    });
    tf.dispose([x, next, w]);
  });

  it('changed in place are refused', () => {
    const w = tf.tidy(() => tf.variable(normal([3, 3], 'w')));
    expectNoLeak(() => {
      const { value, tape } = record(() => tf.sum(linear(linear(w, w), w)), { parameters: { w } });
      markModified(w);
      expect(() => tape.backward(value)).toThrow(code('SAVED_VALUE_MODIFIED'));
      tape.dispose();
      value.dispose();
      // The next forward sees the new value.
      tf.dispose(valueAndGrad(() => tf.sum(linear(linear(w, w), w)), { w }));
    });
    w.dispose();
  });

  it('changed in place in mid-forward are refused for what was saved before, not for what was saved after', () => {
    const w = tf.tidy(() => tf.variable(normal([3, 3], 'w')));
    expectNoLeak(() => {
      const { value, tape } = record(
        () => {
          tf.square(w);
          markModified(w);
          return tf.sum(tf.square(w));
        },
        { parameters: { w } },
      );
      tape.backward(value);
      expect(valuesOf(gradientOf(tape, 'w'))).toEqual(Array.from(w.dataSync(), (each) => 2 * each));
      tape.dispose();
      value.dispose();
    });
    w.dispose();
  });
});
