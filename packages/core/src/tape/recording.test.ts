import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { detach, grad, linear, record, TapgradError, untaped, valueAndGrad } from '../index.ts';
import { enginePatches, normal, valuesOf } from '../test-support.ts';

const bytesSaved = (f: () => tf.Tensor, parameters: tf.Tensor[]) => {
  const { tape } = record(f, { parameters });
  const counted = { bytes: tape.savedBytes, buffers: tape.savedBuffers, nodes: tape.nodes.length };
  tape.dispose();
  return counted;
};

const codeOf = (f: () => unknown): string | undefined => {
  try {
    f();
  } catch (thrown) {
    return thrown instanceof TapgradError ? thrown.code : String(thrown);
  }
  return undefined;
};

describe('what is recorded', () => {
  it('is nothing that no tracked value reaches', () => {
    tf.tidy(() => {
      const [x, w] = [normal([2, 3], 'x'), normal([3, 3], 'w')];
      const { tape } = record(() => tf.exp(tf.matMul(x, w)), { parameters: [normal([1], 'other')] });
      expect(tape.nodes).toEqual([]);
      expect(tape.savedBuffers).toBe(0);
      tape.dispose();
    });
  });

  it('is nothing under untaped and nothing behind detach', () => {
    tf.tidy(() => {
      const w = normal([3], 'w');
      const { value, tape } = record(() => tf.square(untaped(() => tf.exp(w))), { parameters: [w] });
      expect(tape.nodes.length).toBe(0);
      expect(codeOf(() => tape.backward(value))).toBe('NOT_TRACKED');
      tape.dispose();
      expect(bytesSaved(() => tf.square(detach(w)), [w]).nodes).toBe(0);
    });
  });

  it('is nothing behind comparisons, roundings and integers', () => {
    tf.tidy(() => {
      const w = normal([3], 'w');
      const made = bytesSaved(
        () => tf.mul(tf.cast(tf.greater(w, 0), 'float32'), tf.add(tf.floor(w), tf.argMax(w))),
        [w],
      );
      expect(made).toEqual({ bytes: 0, buffers: 0, nodes: 0 });
    });
  });

  it('goes on after untaped for values that were tracked before', () => {
    tf.tidy(() => {
      const w = normal([3], 'w');
      const [gradient] = grad(() => tf.sum(tf.square(untaped(() => w))), [w]);
      expect(valuesOf(gradient as tf.Tensor)).toEqual(valuesOf(tf.mul(w, 2)));
    });
  });
});

describe('what is saved', () => {
  it('by a frozen linear layer: no activation; with only its bias trained: nothing', () => {
    tf.tidy(() => {
      const [x, w, b] = [normal([8, 4], 'x'), tf.variable(normal([4, 4], 'w')), tf.variable(normal([4], 'b'))];
      const stem = tf.variable(normal([4, 4], 'stem'));
      const through = (next: (h: tf.Tensor) => tf.Tensor) => () => next(tf.matMul(x, stem));
      const alone = bytesSaved(
        through((h) => h),
        [stem],
      );
      expect(
        bytesSaved(
          through((h) => linear(h, w, b)),
          [stem],
        ),
      ).toEqual({ ...alone, nodes: 2 });
      expect(bytesSaved(() => linear(x, w, b), [b])).toEqual({ bytes: 0, buffers: 0, nodes: 1 });
      expect(bytesSaved(() => linear(x, w, b), [w])).toEqual({ bytes: x.size * 4, buffers: 1, nodes: 1 });
      tf.dispose([w, b, stem]);
    });
  });

  it('by plain matMul and add is the same', () => {
    tf.tidy(() => {
      const [x, w, b] = [normal([8, 4], 'x'), tf.variable(normal([4, 4], 'w')), tf.variable(normal([4], 'b'))];
      const layer = () => tf.add(tf.matMul(x, w), b);
      expect(bytesSaved(layer, [b]).bytes).toBe(0);
      expect(bytesSaved(layer, [w]).bytes).toBe(x.size * 4);
      tf.dispose([w, b]);
    });
  });

  it('a value seen through views is saved once', () => {
    tf.tidy(() => {
      const w = normal([4, 6], 'w');
      const f = () => {
        const h = tf.tanh(w);
        const [a, b] = [tf.reshape(h, [24]), tf.reshape(h, [6, 4])];
        return tf.add(tf.sum(tf.square(a)), tf.add(tf.sum(tf.square(b)), tf.sum(tf.mul(h, tf.clone(h)))));
      };
      expect(bytesSaved(f, [w])).toMatchObject({ bytes: 24 * 4, buffers: 1 });
      const [gradient] = grad(f, [w]) as [tf.Tensor];
      const h = tf.tanh(w);
      const expected = valuesOf(tf.mul(tf.mul(h, 6), tf.sub(1, tf.square(h))));
      for (const [i, value] of valuesOf(gradient).entries()) expect(value).toBeCloseTo(expected[i] as number, 12);
    });
  });
});

describe('a forward that never runs backward', () => {
  it('leaves no buffer when its tape is disposed, or goes out of a using block', () => {
    const w = normal([4, 4], 'w');
    expectNoLeak(() => {
      const { value, tape } = record(() => tf.sum(tf.exp(tf.matMul(w as tf.Tensor2D, w as tf.Tensor2D))), {
        parameters: [w],
      });
      expect(tape.savedBuffers).toBeGreaterThan(0);
      tape.dispose();
      tape.dispose();
      value.dispose();
    });
    expectNoLeak(() => {
      const recorded = record(() => tf.sum(tf.exp(w)), { parameters: [w] });
      using _tape = recorded.tape;
      recorded.value.dispose();
    });
    w.dispose();
  });

  it('disposes what it made and neither saved nor returned', () => {
    const w = normal([4, 4], 'w');
    const before = tf.memory().numTensors;
    const { value, tape } = record(() => tf.sum(tf.exp(tf.neg(w))), { parameters: [w] });
    // The output of exp, and the result.
    expect(tf.memory().numTensors - before).toBe(tape.savedBuffers + 1);
    expect(tape.savedBuffers).toBe(1);
    tf.dispose([value, w]);
    tape.dispose();
  });
});

describe('what is refused', () => {
  const cases: [string, (w: tf.Tensor) => unknown, string][] = [
    ['a forward that returns a promise', (w) => record(async () => tf.exp(w), { parameters: [w] }), 'ASYNC_FORWARD'],
    [
      'one that returns another kind of promise',
      // biome-ignore lint/suspicious/noThenProperty: any object with a `then` is what is refused
      (w) => record(() => ({ then() {} }), { parameters: [w] }),
      'ASYNC_FORWARD',
    ],
    ['a value that is not a scalar', (w) => valueAndGrad(() => tf.exp(w), [w]), 'NOT_SCALAR'],
    ['a value that depends on no parameter', (w) => valueAndGrad(() => tf.scalar(1), [w]), 'NOT_TRACKED'],
    ['integer parameters', () => valueAndGrad(() => tf.scalar(1), [tf.tensor1d([1], 'int32')]), 'NOT_FLOATING'],
    [
      'a gradient of another shape',
      (w) => record((tape) => tape.backward(tf.exp(w), { gradient: tf.ones([5]) }), { parameters: [w] }),
      'GRADIENT_SHAPE',
    ],
    [
      'a graph that was not recorded for it',
      (w) => record((tape) => tape.backward(tf.sum(tf.exp(w)), { createGraph: true }), { parameters: [w] }),
      'GRAPH_NOT_CREATABLE',
    ],
    [
      'backward inside a tap of the same backward',
      (w) =>
        record(
          (tape) => {
            const [y, z] = [tf.sum(tf.exp(w)), tf.sum(w)];
            tape.tapGradient(y, () => tape.backward(z));
            tape.backward(y);
          },
          { parameters: [w] },
        ),
      'BACKWARD_RUNNING',
    ],
    ['one tensor as two parameters', (w) => valueAndGrad(() => tf.sum(w), { a: w, b: w }), 'WATCHED_TWICE'],
    [
      'backward on a disposed tape',
      (w) => {
        const { value, tape } = record(() => tf.sum(w), { parameters: [w] });
        tape.dispose();
        tape.backward(value);
      },
      'TAPE_DISPOSED',
    ],
  ];
  it.each(cases)('%s', (_, run, code) => {
    const patches = enginePatches();
    expectNoLeak(() =>
      tf.tidy(() => {
        const w = normal([3], 'w');
        expect(codeOf(() => run(w))).toBe(code);
      }),
    );
    expect(enginePatches()).toEqual(patches);
  });
});
