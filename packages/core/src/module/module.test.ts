import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { BufferTensor, linear, Module, Parameter, record, type TapgradError } from '../index.ts';
import { inPhase } from '../tape/phase.ts';
import { enginePatches, normal, valuesOf } from '../test-support.ts';
import { namePaths } from './module.ts';
import { TapRegistry } from './taps.ts';

class Dense extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(size: number, key: string) {
    super();
    this.weight = new Parameter(normal([size, size], `${key}/weight`));
    this.bias = new Parameter({ shape: [size], make: () => tf.zeros([size]) });
  }

  forward(x: tf.Tensor): tf.Tensor {
    return tf.tanh(this.tap('before', linear(x, this.weight.read(), this.bias.read())));
  }
}

class Net extends Module {
  readonly layers = [new Dense(3, 'a'), new Dense(3, 'b')];
  readonly scales = [new Parameter(normal([3], 'scale'))];
  readonly mean = new BufferTensor(tf.zeros([3]));
  fails = false;

  forward(x: tf.Tensor): tf.Tensor {
    let h = x;
    for (const layer of this.layers) h = layer.call(h);
    if (this.fails) throw new Error('broken');
    return tf.mul(h, (this.scales[0] as Parameter).read());
  }
}

const codeOf = (f: () => unknown) => {
  try {
    f();
  } catch (thrown) {
    return (thrown as TapgradError).code;
  }
  return undefined;
};

/** Runs a test on a net, and checks that net and test leave nothing. */
const onNet = (f: (net: Net, x: tf.Tensor) => void) => () =>
  expectNoLeak(() => {
    const [net, x] = [new Net(), normal([2, 3], 'x')];
    f(net, x);
    net.dispose();
    x.dispose();
  });

describe('a module', () => {
  it(
    'finds modules, parameters and buffers by the names of its properties',
    onNet((net) => {
      expect([...net.namedModules().keys()]).toEqual(['', 'layers.0', 'layers.1']);
      expect([...net.namedParameters().keys()]).toEqual([
        'scales.0',
        'layers.0.weight',
        'layers.0.bias',
        'layers.1.weight',
        'layers.1.bias',
      ]);
      expect([...net.namedBuffers().keys()]).toEqual(['mean']);
      expect(net.parameterCount()).toBe(3 + 2 * 12);
      net.freeze('layers.*.weight');
      expect(net.parameterCount({ trainable: true })).toBe(9);
      net.unfreeze();
      expect(net.parameterCount({ trainable: true })).toBe(27);
      net.eval();
      expect(net.layers.map((layer) => layer.training)).toEqual([false, false]);
    }),
  );

  it(
    'lists a shared parameter once, under its first name',
    onNet((net) => {
      Object.assign(net.layers[1] as Dense, { tied: (net.layers[0] as Dense).weight });
      expect([...net.namedParameters().keys()]).not.toContain('layers.1.tied');
    }),
  );

  it(
    'makes lazy values when they are first read, and not before',
    onNet((net, x) => {
      const bias = (net.layers[0] as Dense).bias;
      expect(bias.materialized).toBe(false);
      net.call(x).dispose();
      expect(bias.materialized).toBe(true);
      expect(bias.shape).toEqual([3]);
    }),
  );

  it(
    'disposes in forward what it made and did not return, in training mode without a tape too',
    onNet((net, x) => {
      net.call(x).dispose();
      const before = tf.memory().numTensors;
      net.train().call(x).dispose();
      expect(tf.memory().numTensors).toBe(before);
    }),
  );

  it(
    'leaves no buffer of a recorded forward that never runs backward',
    onNet((net, x) => {
      net.call(x).dispose();
      const before = tf.memory();
      const parameters = Object.fromEntries([...net.namedParameters()].map(([name, each]) => [name, each.variable]));
      const { value, tape } = record(() => net.call(x), { parameters });
      expect(tape.savedBuffers).toBeGreaterThan(0);
      tape.dispose();
      value.dispose();
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    }),
  );

  it(
    'that throws leaves engine and buffers as they were',
    onNet((net, x) => {
      net.call(x).dispose();
      const [before, patches] = [tf.memory().numTensors, enginePatches()];
      net.fails = true;
      const { weight } = net.layers[0] as Dense;
      expect(() => record(() => net.call(x), { parameters: [weight.variable] })).toThrow('broken');
      expect(() => net.call(x)).toThrow('broken');
      expect(tf.memory().numTensors).toBe(before);
      expect(enginePatches()).toEqual(patches);
    }),
  );

  it(
    'says in errors which module was running',
    onNet((net, x) => {
      const layer = net.layers[1] as Dense;
      layer.forward = (h) => tf.engine().runKernel('Unheard', { x: h }) as tf.Tensor;
      const { variable } = (net.layers[0] as Dense).weight;
      expect(() => record(() => net.call(x), { parameters: [variable] })).toThrow(
        expect.objectContaining({ code: 'RULE_MISSING', modulePath: 'layers.1' }),
      );
    }),
  );
});

describe('state', () => {
  it(
    'goes out live and in by name, after everything was checked',
    onNet((net, x) => {
      net.call(x).dispose();
      expectNoLeak(() =>
        tf.tidy(() => {
          const other = new Net();
          const changed = new Map([...net.state()].map(([name, value]) => [name, tf.add(value, 1)]));
          other.loadState(changed);
          expect(valuesOf(other.call(x))).not.toEqual(valuesOf(net.call(x)));
          for (const [name, value] of other.state()) {
            expect(valuesOf(value)).toEqual(valuesOf(changed.get(name) as tf.Tensor));
          }
          const wrong = new Map(changed).set('mean', tf.zeros([4]));
          const before = [...other.state().values()].map(valuesOf);
          expect(codeOf(() => other.loadState(wrong))).toBe('STATE_MISMATCH');
          expect(codeOf(() => other.loadState(new Map()))).toBe('STATE_MISMATCH');
          expect(codeOf(() => other.loadState(new Map(changed).set('extra', tf.zeros([1]))))).toBe('STATE_MISMATCH');
          expect([...other.state().values()].map(valuesOf)).toEqual(before);
          other.loadState(new Map([['mean', tf.ones([3])]]), { strict: false });
          expect(valuesOf(other.mean.read())).toEqual([1, 1, 1]);
          other.dispose();
        }),
      );
    }),
  );

  it(
    'of buffers changes in forward alone, not when a segment is recomputed or in a shadow forward',
    onNet((net) => {
      tf.tidy(() => {
        for (const phase of ['recompute', 'shadow'] as const) inPhase(phase, () => net.mean.assign(tf.ones([3])));
        expect(valuesOf(net.mean.read())).toEqual([0, 0, 0]);
        net.mean.assign(tf.ones([3]));
        expect(valuesOf(net.mean.read())).toEqual([1, 1, 1]);
      });
    }),
  );

  it(
    'is refused in another shape, and after dispose',
    onNet((net) => {
      tf.tidy(() => {
        expect(codeOf(() => net.mean.assign(tf.zeros([4])))).toBe('SHAPE_MISMATCH');
        const gone = new Parameter(tf.zeros([2]));
        gone.dispose();
        expect(codeOf(() => gone.read())).toBe('DISPOSED');
      });
    }),
  );
});

describe('tap points', () => {
  it(
    'see and rewrite values and gradients at inputs, outputs, inner points and parameters',
    onNet((net, x) => {
      const taps = new TapRegistry();
      namePaths(net, '', undefined, taps);
      const seen: string[] = [];
      const remove = ['layers.*:input', 'layers.0:before', 'layers.1:weight', ':output'].map((pattern, rank) =>
        taps.add({
          plugin: 'spy',
          pattern,
          rank,
          forward: (_, { modulePath, point }) => void seen.push(`> ${modulePath}:${point}`),
          backward: (_, { modulePath, point, phase }) => void seen.push(`< ${modulePath}:${point} ${phase}`),
        }),
      );
      const { weight } = net.layers[0] as Dense;
      const { value, tape } = record(() => tf.sum(net.call(x)), { parameters: { weight: weight.variable } });
      tape.backward(value);
      // The batch and the weight of layer 1 carry no gradient to the parameter: only values that are tracked are tapped.
      expect(seen).toEqual([
        '> layers.0:input',
        '> layers.0:before',
        '> layers.1:input',
        '> layers.1:weight',
        '> :output',
        '< :output backward',
        '< layers.1:input backward',
        '< layers.0:before backward',
      ]);
      tape.dispose();
      value.dispose();
      for (const each of remove) each();
      expect(taps.empty).toBe(true);
      namePaths(net, '', undefined, undefined);
    }),
  );

  it(
    'see what came back through their own point alone, and not what other users of the value sent',
    onNet((net, x) => {
      const taps = new TapRegistry();
      namePaths(net, '', undefined, taps);
      const seen: number[][] = [];
      taps.add({
        plugin: 'spy',
        pattern: 'layers.0:input',
        rank: 0,
        backward: (gradient) => void seen.push(valuesOf(gradient)),
      });
      const layer = net.layers[0] as Dense;
      const gradient = (f: (h: tf.Tensor) => tf.Tensor) => {
        const { value, tape } = record(() => f(tf.mul(x, 1)), { parameters: { x } });
        tape.backward(value);
        tape.dispose();
        value.dispose();
      };
      gradient((h) => tf.sum(layer.call(h)));
      gradient((h) => tf.add(tf.sum(layer.call(h)), tf.mul(tf.sum(h), 1000)));
      expect(seen[0]).toEqual(seen[1]);
      namePaths(net, '', undefined, undefined);
    }),
  );
});
