import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  attention,
  customRule,
  dropout,
  gelu,
  grad,
  layerNorm,
  linear,
  randomStream,
  record,
  rmsNorm,
  silu,
  softmaxCrossEntropy,
  untaped,
  valueAndGrad,
} from '../index.ts';
import { normal, valuesOf } from '../test-support.ts';

const only = (gradients: { readonly 0?: tf.Tensor }): tf.Tensor => gradients[0] as tf.Tensor;

function expectClose(actual: tf.Tensor, expected: tf.Tensor | readonly number[], digits = 10): void {
  const values = Array.isArray(expected) ? (expected as number[]) : valuesOf(expected as tf.Tensor);
  expect(actual.size).toBe(values.length);
  for (const [i, value] of valuesOf(actual).entries()) expect(value).toBeCloseTo(values[i] as number, digits);
}

/** Runs a test in a scope, and checks that it leaves nothing outside. */
const clean = (f: () => void) => () => expectNoLeak(() => void tf.tidy(f));

describe('derivatives of derivatives', () => {
  it(
    'by nesting grad, three times over',
    clean(() => {
      const x = tf.tensor1d([0.5, -1.5, 2]);
      const f = () => tf.sum(tf.mul(tf.mul(x, x), tf.square(x)));
      const first = () => only(grad(f, [x]));
      const second = () => only(grad(() => tf.sum(first()), [x]));
      expectClose(first(), tf.mul(4, tf.pow(x, 3)));
      expectClose(second(), tf.mul(12, tf.square(x)));
      expectClose(only(grad(() => tf.sum(second()), [x])), tf.mul(24, x));
    }),
  );

  it(
    'of parameters with respect to others',
    clean(() => {
      const [x, y] = [tf.scalar(1.5), tf.scalar(-0.5)];
      // d²(x² y³)/dx dy = 6 x y²
      const mixed = grad(() => only(grad(() => tf.mul(tf.square(x), tf.mul(y, tf.square(y))), [x])), [y]);
      expectClose(only(mixed), [6 * 1.5 * 0.25]);
    }),
  );

  it(
    'on one tape with createGraph',
    clean(() => {
      const x = tf.tensor1d([0.5, -1.5]);
      const { value, tape } = record(
        (recording) => {
          recording.backward(tf.sum(tf.exp(tf.square(x))), { createGraph: true });
          const [slope] = recording.takeGradients().values();
          // The caller's from here on; the tape keeps its place on the graph.
          const sum = tf.sum(tf.square(slope as tf.Tensor));
          slope?.dispose();
          return sum;
        },
        { parameters: { x }, createGraph: true },
      );
      tape.backward(value);
      // f = exp(x²), f' = 2x f, (f'²)' = 2 f' f'' with f'' = (2 + 4x²) f
      const f = tf.exp(tf.square(x));
      const slope = tf.mul(tf.mul(2, x), f);
      const curvature = tf.mul(tf.add(2, tf.mul(4, tf.square(x))), f);
      expectClose(tape.gradients.get('x') as tf.Tensor, tf.mul(2, tf.mul(slope, curvature)));
      tape.dispose();
    }),
  );

  it(
    'are recorded once, in the middle of the forward as behind it',
    clean(() => {
      const x = tf.tensor1d([0.5, -1.5]);
      const f = () => tf.sum(tf.exp(tf.square(x)));
      const options = { parameters: { x }, createGraph: true };
      const within = record((tape) => tape.backward(f(), { createGraph: true }), options);
      const behind = record(f, options);
      behind.tape.backward(behind.value, { createGraph: true });
      const kernels = [within, behind].map(({ tape }) => tape.nodes.map((node) => node?.kernel));
      expect(kernels[0]).toEqual(kernels[1]);
      within.tape.dispose();
      behind.tape.dispose();
    }),
  );

  it(
    'give Hessian-vector products of a network of own ops, equal to differences of gradients',
    clean(() => {
      const [x, w, v] = [normal([2, 3, 4], 'x'), normal([4, 4], 'w', 0.5), normal([4, 4], 'v', 0.5)];
      const labels = tf.tensor1d([1, 3], 'int32');
      const loss = (weight: tf.Tensor) => {
        const h = layerNorm(linear(x, weight), undefined, undefined);
        const a = attention(linear(h, weight), silu(h), rmsNorm(h), { heads: 2, causal: true });
        const kept = dropout(gelu(linear(a, weight)), 0.25, randomStream(1, 'mask'));
        return softmaxCrossEntropy(tf.mean(kept, 1), labels, { labelSmoothing: 0.1 });
      };
      const gradientAt = (weight: tf.Tensor) => only(grad(() => loss(weight), [weight]));
      const product = only(grad(() => tf.sum(tf.mul(gradientAt(w), v)), [w]));
      const step = 1e-5;
      const [ahead, behind] = [gradientAt(tf.add(w, tf.mul(v, step))), gradientAt(tf.sub(w, tf.mul(v, step)))];
      expectClose(product, tf.div(tf.sub(ahead, behind), 2 * step), 6);
    }),
  );

  it(
    'of a custom rule differentiate its forward',
    clean(() => {
      const cube = customRule({
        name: 'cube',
        inputs: ['x'],
        forward: ({ x }) => tf.mul(x as tf.Tensor, tf.square(x as tf.Tensor)),
        saves: () => ['x'],
        backward: ({ dy, saved }) => ({ x: () => tf.mul(dy, tf.mul(3, tf.square(saved.x))) }),
      });
      const x = tf.tensor1d([0.5, -2]);
      const first = () => only(grad(() => tf.sum(cube({ x })), [x]));
      expectClose(only(grad(() => tf.sum(first()), [x])), tf.mul(6, x));
    }),
  );
});

describe('tapes nest', () => {
  it(
    'an inner tape differentiates while an outer one records, each its own parameters',
    clean(() => {
      const [a, b] = [tf.tensor1d([1, 2]), tf.tensor1d([3, 4])];
      const { value, tape } = record(
        () => {
          const product = tf.mul(a, b);
          const inner = record(() => tf.sum(tf.square(tf.mul(product, b))), { parameters: { b } });
          inner.tape.backward(inner.value);
          // product is a constant for the inner tape.
          expectClose(inner.tape.gradients.get('b') as tf.Tensor, tf.mul(2, tf.mul(tf.square(product), b)));
          inner.tape.dispose();
          return tf.sum(product);
        },
        { parameters: { a } },
      );
      tape.backward(value);
      expectClose(tape.gradients.get('a') as tf.Tensor, b);
      tape.dispose();
    }),
  );

  it(
    'inside untaped, an inner tape records and the outer does not',
    clean(() => {
      const x = tf.tensor1d([1, 2]);
      const { value, tape } = record(
        () => {
          const slope = untaped(() => only(grad(() => tf.sum(tf.square(x)), [x])));
          expectClose(slope, [2, 4]);
          return tf.sum(tf.mul(slope, x));
        },
        { parameters: { x } },
      );
      tape.backward(value);
      expectClose(tape.gradients.get('x') as tf.Tensor, [2, 4]);
      tape.dispose();
    }),
  );

  it(
    'the outer tape may differentiate while an inner one records',
    clean(() => {
      const x = tf.tensor1d([1, 2]);
      const outer = record(
        (tape) => {
          const y = tf.sum(tf.exp(x));
          const inner = record(
            () => {
              tape.backward(y);
              return tf.sum(tf.square(x));
            },
            { parameters: { x } },
          );
          inner.tape.backward(inner.value);
          expectClose(inner.tape.gradients.get('x') as tf.Tensor, [2, 4]);
          inner.tape.dispose();
        },
        { parameters: { x } },
      );
      expectClose(outer.tape.gradients.get('x') as tf.Tensor, tf.exp(x));
      outer.tape.dispose();
    }),
  );

  it(
    'the outer tape may make the gradient that an inner one differentiates',
    clean(() => {
      const x = tf.tensor1d([0.5, -1.5]);
      for (const f of [tf.exp, tf.sin, (v: tf.Tensor) => gelu(tf.tanh(v))]) {
        const outer = record(
          (tape) => {
            const inner = record(
              () => {
                tape.backward(tf.sum(f(x)));
                const [slope] = tape.takeGradients().values();
                const sum = tf.sum(tf.square(slope as tf.Tensor));
                slope?.dispose();
                return sum;
              },
              { parameters: { x } },
            );
            inner.tape.backward(inner.value);
            const expected = only(grad(() => tf.sum(tf.square(only(grad(() => tf.sum(f(x)), [x])))), [x]));
            expectClose(inner.tape.gradients.get('x') as tf.Tensor, expected);
            inner.tape.dispose();
          },
          { parameters: { x } },
        );
        outer.tape.dispose();
      }
    }),
  );

  it(
    'a gradient is a value like any other: it goes through a network of the outer tape',
    clean(() => {
      const [w, rate] = [tf.tensor1d([0.3, -0.4]), tf.scalar(0.1)];
      // One step of gradient descent, differentiated with respect to its rate (Maclaurin et al. 2015).
      const loss = (weight: tf.Tensor) => tf.sum(tf.exp(tf.square(weight)));
      const after = () => loss(tf.sub(w, tf.mul(rate, only(grad(() => loss(w), [w])))));
      const value = only(grad(after, [rate]));
      const at = (each: number) => {
        const slope = only(grad(() => loss(w), [w]));
        return loss(tf.sub(w, tf.mul(each, slope))).dataSync()[0] as number;
      };
      expectClose(value, [(at(0.1 + 1e-6) - at(0.1 - 1e-6)) / 2e-6], 6);
    }),
  );

  it(
    'valueAndGrad inside the function of another valueAndGrad leaves both right',
    clean(() => {
      const x = tf.tensor1d([1, 2]);
      const { value, gradients } = valueAndGrad(() => {
        const inner = valueAndGrad(() => tf.sum(tf.square(x)), [x]);
        return tf.add(inner.value, tf.sum(tf.mul(only(inner.gradients), 3)));
      }, [x]);
      expectClose(value, [5 + 3 * 6]);
      expectClose(only(gradients), [2 + 6, 4 + 6]);
    }),
  );
});
