import { expectNoLeak } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { layerNorm, type SlotPlan, type SlotStage, valueAndGrad } from '../index.ts';
import { normal } from '../test-support.ts';
import { fail, survives } from './test-failing.ts';

describe('an exception in the slot pipeline', () => {
  const identity: SlotStage<tf.Tensor> = { pack: (x) => tf.clone(x), unpack: (x) => tf.clone(x) };
  const split: SlotStage<tf.Tensor[]> = {
    pack: (x) => [tf.mul(x, 0.5), tf.mul(x, 0.5)],
    unpack: ([a, b]) => tf.add(a as tf.Tensor, b as tf.Tensor),
  };
  const throughout =
    (...stages: SlotStage[]) =>
    (plan: SlotPlan) =>
      stages.reduce((made, stage) => made.through(stage), plan);
  const run = (plan: (plan: SlotPlan) => SlotPlan) => (w: tf.Tensor) => {
    const f = () => tf.sum(tf.square(layerNorm(tf.tanh(w))));
    const { value, gradients } = valueAndGrad(f, [w], { plan });
    tf.dispose([value, ...gradients]);
  };
  let packed = 0;
  const failsSecond: SlotStage<tf.Tensor> = {
    ...identity,
    pack: (x) => (packed++ % 2 === 1 ? fail() : tf.clone(x)),
  };

  it.each([
    ['in the hook', run(fail)],
    ['in pack', run(throughout({ ...identity, pack: fail } as SlotStage))],
    ['in pack behind another stage', run(throughout(split as SlotStage, { ...identity, pack: fail } as SlotStage))],
    ['in pack of the second tensor of the stage before', run(throughout(split as SlotStage, failsSecond as SlotStage))],
    ['in unpack', run(throughout({ ...identity, unpack: fail } as SlotStage))],
    ['in unpack behind another stage', run(throughout(split as SlotStage, { ...identity, unpack: fail } as SlotStage))],
  ] as [string, (w: tf.Tensor) => void][])('%s leaves nothing behind', (_, f) => survives(f));

  it('names hook and plugin', () => {
    const w = normal([3, 3], 'w');
    const stage = { ...identity, plugin: 'lossy-thing', pack: fail } as SlotStage;
    expect(() => run(throughout(stage))(w)).toThrow(
      expect.objectContaining({ code: 'HOOK_FAILED', plugin: 'lossy-thing', hook: 'save' }),
    );
    w.dispose();
  });

  it('is raised for a value that comes back in another shape', () => {
    const w = normal([3, 3], 'w');
    expectNoLeak(() =>
      expect(() => run(throughout({ ...identity, unpack: () => tf.zeros([2]) } as SlotStage))(w)).toThrow(
        expect.objectContaining({ code: 'RESTORED_VALUE_DIFFERS', hook: 'save' }),
      ),
    );
    w.dispose();
  });
});
