import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  attach,
  currentRandom,
  definePlugin,
  dropout,
  gelu,
  linear,
  Module,
  manualSeed,
  Parameter,
  record,
  TapgradError,
} from '../index.ts';

class Layer extends Module<[x: tf.Tensor, scale: number, mask: tf.Tensor]> {
  readonly weight = new Parameter(tf.tensor2d([0.1, -0.4, 0.3, 0.6, 0.2, -0.5, 0.7, 0.9, -0.1], [3, 3]));

  override forward(x: tf.Tensor, scale: number, mask: tf.Tensor): tf.Tensor {
    const hidden = gelu(linear(tf.mul(x, scale), this.weight.read()));
    const kept = this.training ? dropout(hidden, 0.3, currentRandom('hidden')) : hidden;
    return tf.mul(tf.add(x, kept), mask);
  }
}

class Model extends Module {
  readonly layers = [new Layer(), new Layer(), new Layer()];

  override forward(x: tf.Tensor): tf.Tensor {
    const mask = tf.tensor2d([1, 1, 0], [1, 3]);
    return this.layers.reduce((value, layer) => layer.call(value, 2, mask), x);
  }
}

function trained(recomputed: boolean) {
  manualSeed(5);
  const model = new Model();
  for (const layer of model.layers) layer.recomputed = recomputed;
  const seen: string[] = [];
  const spy = definePlugin({
    name: 'spy',
    apply({ hooks }) {
      hooks.tap('layers.*:output').forward((_, { modulePath, phase }) => void seen.push(`${modulePath} ${phase}`));
    },
  });
  const stack = attach(model, [spy()], { loss: (y) => tf.mean(tf.square(y)), seed: 3 });
  const inputs = tf.tensor2d([0.3, -0.2, 0.8, 1.1, 0.4, -0.9], [2, 3]);
  const made = stack.gradientsOf({ inputs });
  const gradients = [...made.gradients].map(([name, gradient]) => [name, ...gradient.dataSync()]);
  const saved = stack.ledger.most().saved;
  made.dispose();
  stack.detach();
  model.dispose();
  inputs.dispose();
  return { gradients, saved, seen };
}

describe('a module that is recomputed', () => {
  it('has the gradients of one that is not, keeps less, and passes its own tap points once', () => {
    expectNoLeak(() => {
      const [plain, again] = [trained(false), trained(true)];
      expect(again.gradients).toEqual(plain.gradients);
      expect(again.saved).toBeLessThan(plain.saved);
      expect(again.seen).toEqual(plain.seen);
      expect(again.seen).toHaveLength(3);
    });
  });

  it('runs plainly where nothing records', () => {
    expectNoLeak(() => {
      const layer = new Layer();
      tf.tidy(() => {
        const [x, mask] = [tf.ones([1, 3]), tf.ones([1, 3])];
        layer.eval();
        const plain = layer.call(x, 1, mask).dataSync();
        layer.recomputed = true;
        expect(layer.call(x, 1, mask).dataSync()).toEqual(plain);
      });
      layer.dispose();
    });
  });

  it('must give one tensor', () => {
    class Pair extends Module<[tf.Tensor], tf.Tensor[]> {
      override forward(x: tf.Tensor): tf.Tensor[] {
        return [x, tf.square(x)];
      }
    }
    expectNoLeak(() => {
      const pair = new Pair();
      pair.recomputed = true;
      const x = tf.scalar(2);
      const run = () => record(() => tf.add(...(pair.call(x) as [tf.Tensor, tf.Tensor])), { parameters: { x } });
      expect(run).toThrow(TapgradError);
      expect(run).toThrow('RECOMPUTED_OUTPUT');
      x.dispose();
    });
  });
});
