import { attach, Module, type Plugin, randomStream } from '@tapgrad/core';
import { Linear } from '@tapgrad/nn';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { bitMasks, groupwiseCodes } from '../index.ts';
import { gradientsOf, normal } from '../test-models.ts';

class Masked extends Module {
  readonly linear = new Linear(8, 8, { random: randomStream(2, 'masked') });
  readonly dropping = new Dropping();

  override forward(x: tf.Tensor): tf.Tensor {
    const y = this.linear.call(x);
    return this.dropping.call(tf.where(tf.greater(y, 0.1), y, tf.mul(y, 0.5)));
  }
}

/** tfjs's own dropout, with its mask in floats. */
class Dropping extends Module {
  override forward(x: tf.Tensor): tf.Tensor {
    return tf.dropout(x, 0.5, undefined, 7);
  }
}

function run(plugins: readonly Plugin[]) {
  const model = new Masked();
  const x = normal([16, 8], 'x');
  let saved = 0;
  const stack = attach(model, [...plugins], { loss: (y) => tf.sum(tf.mul(y as tf.Tensor, 3)) as tf.Tensor });
  stack.hooks.loss.tap({ plugin: 'meter', rank: 99, enabled: true }, (terms, { tape }) => {
    saved = tape?.savedBytes ?? 0;
    return terms;
  });
  const gradients = gradientsOf(stack as never, { inputs: x });
  stack.detach();
  model.dispose();
  x.dispose();
  return { saved, gradients };
}

describe('bit masks', () => {
  it('pack truth values and two-valued floats to a bit, losslessly', () => {
    const plain = run([]);
    const truth = run([bitMasks()]);
    const both = run([bitMasks({ twoValued: 'dropping' })]);
    expect(truth.gradients).toEqual(plain.gradients);
    expect(both.gradients).toEqual(plain.gradients);
    // 128 truth values of a byte, and 128 floats.
    expect(plain.saved - truth.saved).toBe(128 - 128 / 8);
    expect(truth.saved - both.saved).toBe(4 * 128 - 128 / 8 - 4);
  });

  it('come before codes, which leave them alone', () => {
    const exact = run([bitMasks({ twoValued: 'dropping' })]);
    const coded = run([groupwiseCodes({ smallest: 1 }), bitMasks({ twoValued: 'dropping' })]);
    // The weight's gradient reads the layer's input, which is coded.
    expect(coded.gradients['linear.bias']).toEqual(exact.gradients['linear.bias']);
  });
});
