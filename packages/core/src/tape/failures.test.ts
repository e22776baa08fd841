import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { customRule, grad, record, rule, type Tape, valueAndGrad } from '../index.ts';
import { enginePatches, normal, valuesOf } from '../test-support.ts';
import { fail, survives } from './test-failing.ts';

const failingSaves = customRule({
  name: 'failingSaves',
  inputs: ['x'],
  forward: ({ x }) => tf.exp(x as tf.Tensor),
  saves: fail,
  backward: ({ dy }) => ({ x: () => dy }),
});
const failingBackward = customRule({
  name: 'failingBackward',
  inputs: ['x'],
  forward: ({ x }) => tf.exp(x as tf.Tensor),
  saves: () => ['x', 'y'],
  backward: ({ saved }) => {
    tf.add(saved.x, saved.x);
    return fail();
  },
});
const failingThunk = customRule({
  name: 'failingThunk',
  inputs: ['x'],
  forward: ({ x }) => tf.exp(x as tf.Tensor),
  saves: () => ['x', 'y'],
  backward: ({ saved }) => ({
    x() {
      tf.mul(saved.x, 2);
      return fail();
    },
  }),
});
const failingForward = customRule({
  name: 'failingForward',
  inputs: ['x'],
  forward({ x }) {
    tf.exp(x as tf.Tensor);
    return fail();
  },
  backward: ({ dy }) => ({ x: () => dy }),
});
const wrongShape = customRule({
  name: 'wrongShape',
  inputs: ['x'],
  forward: ({ x }) => tf.exp(x as tf.Tensor),
  backward: () => ({ x: () => tf.ones([7]) }),
});

const around = (op: (x: tf.Tensor) => tf.Tensor) => (w: tf.Tensor) => {
  valueAndGrad(() => tf.sum(tf.tanh(op(tf.matMul(w as tf.Tensor2D, tf.tanh(w) as tf.Tensor2D)))), [w]);
};

describe('an exception leaves engine, scopes and buffers as they were', () => {
  it.each([
    ['in the forward', around((x) => fail() ?? x)],
    ['in an own op', around((x) => failingForward({ x }))],
    ["in a rule's saves", around((x) => failingSaves({ x }))],
    ["in a rule's backward", around((x) => failingBackward({ x }))],
    ['in a thunk', around((x) => failingThunk({ x }))],
    ['inside a tidy of the forward', around((x) => tf.tidy(() => fail() ?? tf.exp(x)))],
    [
      'in a custom gradient of tfjs',
      around((x) => {
        const f = tf.customGrad((v: unknown) => ({ value: tf.exp(v as tf.Tensor), gradFunc: () => fail() }));
        return f(x);
      }),
    ],
    [
      'in the forward of a custom gradient of tfjs',
      around((x) => {
        const f = tf.customGrad((v: unknown) => {
          tf.exp(v as tf.Tensor);
          return fail();
        });
        return f(x);
      }),
    ],
    [
      'in a tap on a gradient',
      (w: tf.Tensor) => {
        const { value, tape } = record(
          (recording) => {
            const hidden = tf.tanh(w);
            recording.tapGradient(hidden, (gradient) => {
              tf.mul(gradient, 2);
              return fail();
            });
            return tf.sum(tf.exp(hidden));
          },
          { parameters: [w] },
        );
        try {
          tape.backward(value);
        } finally {
          tape.dispose();
          value.dispose();
        }
      },
    ],
    ['in an inner tape', around((x) => grad(() => tf.sum(tf.exp(fail() ?? x)), [x])[0] as tf.Tensor)],
    [
      "in an inner tape's backward",
      around((x) => {
        const f = tf.customGrad((v: unknown) => ({ value: tf.exp(v as tf.Tensor), gradFunc: () => fail() }));
        return grad(() => tf.sum(f(x)), [x])[0] as tf.Tensor;
      }),
    ],
  ] as [string, (w: tf.Tensor) => void][])('%s', (_, run) => survives(run));

  it('when a kernel has no rule: the error says which, and where', () => {
    const w = normal([3], 'w');
    const patches = enginePatches();
    tf.registerKernel({
      kernelName: 'Unheard',
      backendName: tf.getBackend(),
      kernelFunc: ({ inputs }) => inputs.x as tf.Tensor,
    });
    expectNoLeak(() =>
      expect(() =>
        valueAndGrad(() => tf.sum(tf.engine().runKernel('Unheard', { x: tf.exp(w) }) as tf.Tensor), [w]),
      ).toThrow(expect.objectContaining({ code: 'RULE_MISSING', op: 'Unheard' })),
    );
    expect(enginePatches()).toEqual(patches);
    tf.unregisterKernel('Unheard', tf.getBackend());
    w.dispose();
  });

  it('when a rule returns a gradient of the wrong shape', () => {
    const w = normal([3], 'w');
    expectNoLeak(() =>
      expect(() => valueAndGrad(() => tf.sum(wrongShape({ x: tf.exp(w) })), [w])).toThrow(
        expect.objectContaining({ code: 'GRADIENT_SHAPE', op: 'wrongShape' }),
      ),
    );
    w.dispose();
  });

  it('when a rule reads what it did not save', () => {
    const w = normal([3], 'w');
    // A rule stays for the files that follow in this process: under this prefix no table of tfjs's kernels misses it.
    const kernel = 'tapgrad.test.ReadsUnsaved';
    rule(kernel, { inputs: ['x'], backward: ({ saved }) => ({ x: () => saved.x }) });
    tf.registerKernel({
      kernelName: kernel,
      backendName: tf.getBackend(),
      kernelFunc: ({ inputs, backend }) => {
        const x = inputs.x as tf.Tensor;
        (backend as unknown as { incRef(dataId: object): void }).incRef(x.dataId);
        return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
      },
    });
    expectNoLeak(() =>
      expect(() => valueAndGrad(() => tf.sum(tf.engine().runKernel(kernel, { x: w }) as tf.Tensor), [w])).toThrow(
        expect.objectContaining({ code: 'VALUE_NOT_SAVED', op: kernel }),
      ),
    );
    tf.unregisterKernel(kernel, tf.getBackend());
    w.dispose();
  });
});

describe('a backward that failed', () => {
  it('leaves gradients as they were, and what it had not reached can still be differentiated', () => {
    const w = normal([3], 'w');
    const failing: { now: boolean } = { now: true };
    const moody = customRule({
      name: 'moody',
      inputs: ['x'],
      forward: ({ x }) => tf.exp(x as tf.Tensor),
      backward: ({ dy }) => ({ x: () => (failing.now ? fail() : dy) }),
    });
    expectNoLeak(() => {
      let hidden: tf.Tensor | undefined;
      const recorded = record(
        (tape: Tape) => {
          tape.backward(tf.sum(w));
          hidden = tf.keep(tf.square(w));
          return tf.sum(tf.tanh(moody({ x: hidden })));
        },
        { parameters: { w } },
      );
      const { tape, value } = recorded;
      expect(() => tape.backward(value)).toThrow('intended');
      expect(valuesOf(tape.gradients.get('w') as tf.Tensor)).toEqual([1, 1, 1]);
      failing.now = false;
      expect(() => tape.backward(value)).toThrow(expect.objectContaining({ code: 'GRAPH_RELEASED' }));
      tf.tidy(() => tape.backward(hidden as tf.Tensor, { gradient: tf.ones([3]) }));
      const expected = Array.from(w.dataSync(), (each) => 1 + 2 * each);
      expect(valuesOf(tape.gradients.get('w') as tf.Tensor)).toEqual(expected);
      tf.dispose([value, hidden as tf.Tensor]);
      tape.dispose();
    });
    w.dispose();
  });
});
