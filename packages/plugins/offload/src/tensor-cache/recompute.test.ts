import { definePlugin, dropout, Module, type Plugin } from '@tapgrad/core';
import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { offload } from '../index.ts';
import { attached, normal, Perceptron, trained } from '../test-models.ts';

class Noisy extends Module {
  readonly inner = new Perceptron();

  override forward(x: tf.Tensor): tf.Tensor {
    return tf.mul(dropout(this.inner.call(tf.tanh(x)), 0.5), 2);
  }
}

class Twice extends Module {
  readonly first = new Noisy();
  readonly second = new Perceptron();

  override forward(x: tf.Tensor): tf.Tensor {
    return this.second.call(tf.concat([this.first.call(x), this.first.call(tf.neg(x))], 1));
  }
}

/** A second term and its gradient apart: backward runs twice through what it keeps. */
const apart = definePlugin({
  name: 'apart',
  apply({ hooks }) {
    hooks.loss.keepApart('task');
    hooks.loss.tap((terms, { outputs }) => ({ ...terms, size: tf.sum(tf.abs(outputs as tf.Tensor)) }));
  },
});

async function run(plugins: readonly Plugin[]) {
  const model = new Twice();
  const inputs = normal([5, 8], 'x');
  const stack = attached(model, plugins);
  const values = await trained(stack, { inputs });
  const host = stack.ledger.offDevice.most().host;
  stack.detach();
  model.dispose();
  inputs.dispose();
  return { values, host };
}

describe('modules that are run again', () => {
  it('draw the same random numbers, and give the same gradients, wherever their inputs are', async () => {
    await expectNoLeak(async () => {
      const plain = await run([]);
      for (const keep of [[], ['first', 'second']]) {
        const { values } = await run([offload({ smallest: 1, keepLast: false, recompute: 'first.inner', keep })]);
        for (const [name, expected] of plain.values) {
          for (const [i, value] of (values.get(name) as number[]).entries()) {
            expect(value).toBeCloseTo(expected[i] as number, 12);
          }
        }
      }
    });
  });

  it('save their inputs alone', async () => {
    const all = await run([offload({ smallest: 1, keepLast: false })]);
    const again = await run([offload({ smallest: 1, keepLast: false, recompute: 'first' })]);
    // Two runs of first keep nothing but what `neg` and the batch give.
    expect(again.host).toBeLessThan(all.host / 2);
  });

  it('and moved values serve as many backwards as come', async () => {
    const plain = await run([apart()]);
    const away = await run([apart(), offload({ smallest: 1, keepLast: false })]);
    expect(away.values).toEqual(plain.values);
  });
});
