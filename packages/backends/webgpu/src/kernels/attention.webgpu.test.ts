import { attention, record } from '@tapgrad/core';
import { type AttentionCase, attentionReference, expectClose, runKernel, sample, sizeOf } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { useWebgpu } from '../index.ts';
import { describeOnBoth } from '../test-lanes.ts';

beforeAll(() => useWebgpu());

// Two pairs of widths, as each takes shaders of its own: one read number by number, one in vectors and with a rest.
const odd = { heads: 2, d: 4, e: 6, causal: true };
const cases: readonly AttentionCase[] = [
  { ...odd, batch: 2, n: 5, m: 7, mask: [2, 1, 1, 7] },
  { ...odd, batch: 1, n: 70, m: 70, mask: [1, 2, 70, 70] },
  { ...odd, batch: 1, n: 33, m: 75, mask: [33, 1] },
  { ...odd, batch: 2, n: 33, m: 35, mask: [2, 2, 1, 1] },
  { ...odd, batch: 0, n: 3, m: 3, mask: [3, 3] },
  { batch: 2, heads: 2, n: 33, m: 65, d: 40, e: 72, causal: false },
];

describeOnBoth('FlashAttention', () => {
  it.each(cases)(
    '$batch x $heads heads of $d and $e, $n queries, $m keys, causal $causal, mask $mask: equals float64',
    async ({ causal, mask: maskShape, ...sizes }) => {
      const { batch, heads, n, m, d, e } = sizes;
      const scale = 1 / Math.sqrt(d);
      const [q, k] = [sample([batch, n, heads * d], 'q'), sample([batch, m, heads * d], 'k')];
      const [v, dy] = [sample([batch, m, heads * e], 'v'), sample([batch, n, heads * e], 'dy')];
      const mask = maskShape && { ...sample(maskShape, 'mask', 2), shape: maskShape };
      const expected = attentionReference(sizes, q.values, k.values, v.values, dy.values, scale, causal, mask);
      const inputs = { q: q.tensor, k: k.tensor, v: v.tensor, ...(mask && { mask: mask.tensor }) };
      const attrs = { heads, scale, causal };
      const [y, statistics] = runKernel('tapgrad.FlashAttention', inputs, attrs) as [tf.Tensor, tf.Tensor];
      expect(statistics.shape).toEqual([batch, heads, n, 2]);
      expectClose(await y.data(), expected.context, 1e-5, 1);
      const backward = { ...inputs, dy: dy.tensor, y, statistics };
      const all = { ...attrs, needQ: true, needK: true, needV: true };
      const gradients = runKernel('tapgrad.FlashAttentionGrad', backward, all);
      const size = Math.sqrt(sizeOf([n]) + 1);
      for (const [i, wanted] of [expected.dq, expected.dk, expected.dv].entries()) {
        expectClose(await gradients[i]!.data(), wanted, 1e-5, size);
      }
      tf.dispose([q.tensor, k.tensor, v.tensor, dy.tensor, mask?.tensor ?? [], y, statistics, gradients]);
    },
  );

  it('gradients are the same whichever of them are wanted', async () => {
    const [q, k] = ['q', 'k'].map((name) => sample([1, 5, 8], name).tensor) as [tf.Tensor, tf.Tensor];
    const [v, mask] = [sample([1, 5, 12], 'v').tensor, tf.zeros([1, 1])];
    const attrs = { heads: 2, scale: 0.5, causal: true };
    const [y, statistics] = runKernel('tapgrad.FlashAttention', { q, k, v, mask }, attrs) as [tf.Tensor, tf.Tensor];
    const inputs = { q, k, dy: v, statistics, mask };
    const made = (needQ: boolean, needK: boolean, needV: boolean) =>
      runKernel('tapgrad.FlashAttentionGrad', needQ || needK ? { ...inputs, v, y } : inputs, {
        ...attrs,
        needQ,
        needK,
        needV,
      });
    const all = made(true, true, true);
    for (const [i, alone] of [made(true, false, false), made(false, true, false), made(false, false, true)].entries()) {
      expect(alone).toHaveLength(1);
      expect(await alone[0]!.data()).toEqual(await all[i]!.data());
      tf.dispose(alone);
    }
    tf.dispose([q, k, v, mask, y, statistics, all]);
  });

  it("is what core's attention runs and saves the result and two numbers a query of, with the gradients of the formula", async () => {
    const { heads, d, e, causal } = odd;
    const [n, m, scale] = [5, 7, 0.5];
    const [q, k, v] = [sample([1, n, heads * d], 'q'), sample([1, m, heads * d], 'k'), sample([1, m, heads * e], 'v')];
    const mask = { ...sample([1, m], 'mask'), shape: [1, m] };
    const parameters = { q: tf.variable(q.tensor), k: tf.variable(k.tensor), v: tf.variable(v.tensor) };
    const f = () =>
      tf.sum(attention(parameters.q, parameters.k, parameters.v, { heads, scale, causal, mask: mask.tensor }));
    const { tape, value } = record(f, { parameters });
    expect(tape.savedBytes).toBe(4 * (n * heads * e + 2 * heads * n + m));
    tape.backward(value);
    const dy = new Float64Array(n * heads * e).fill(1);
    const sizes = { batch: 1, heads, n, m, d, e };
    const wanted = attentionReference(sizes, q.values, k.values, v.values, dy, scale, causal, mask);
    expectClose(await tape.gradients.get('q')!.data(), wanted.dq, 1e-5, 3);
    expectClose(await tape.gradients.get('k')!.data(), wanted.dk, 1e-5, 3);
    expectClose(await tape.gradients.get('v')!.data(), wanted.dv, 1e-5, 3);
    tape.dispose();
    tf.dispose([value, q.tensor, k.tensor, v.tensor, mask.tensor, parameters]);
  });

  it('a query that sees no key is spread evenly, as adding a large negative number would, and so are its gradients', async () => {
    const [q, k, mask] = [tf.ones([1, 3, 8]), tf.ones([1, 2, 8]), tf.zeros([1, 1])];
    const v = tf.tidy(() => tf.concat([tf.ones([1, 1, 12]), tf.fill([1, 1, 12], 3)], 1));
    const dy = tf.ones([1, 3, 12]);
    const attrs = { heads: 2, scale: 1, causal: true };
    const [y, statistics] = runKernel('tapgrad.FlashAttention', { q, k, v, mask }, attrs) as [tf.Tensor, tf.Tensor];
    const firsts = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % 12 === 0);
    expect(firsts(await y.data())).toEqual([2, 1, 2]);
    const backward = { q, k, dy, statistics, mask };
    const needs = { needQ: false, needK: false, needV: true };
    const [dv] = runKernel('tapgrad.FlashAttentionGrad', backward, { ...attrs, ...needs });
    expect(firsts(await dv!.data())).toEqual([2, 1]);
    tf.dispose([q, k, v, mask, dy, y, statistics, dv!]);
  });
});
