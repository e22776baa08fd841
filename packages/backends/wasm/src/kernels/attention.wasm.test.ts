import { type AttentionCase, attentionReference, expectClose, runKernel, sample, sizeOf } from '@tapgrad/kernel-tests';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useWasm } from '../index.ts';
import { heapBytes } from '../test-heap.ts';

beforeAll(() => useWasm());

const attentionCases: readonly AttentionCase[] = [
  { batch: 1, heads: 1, n: 1, m: 1, d: 1, e: 1, causal: false },
  { batch: 2, heads: 3, n: 5, m: 7, d: 4, e: 6, causal: false },
  { batch: 2, heads: 3, n: 5, m: 7, d: 4, e: 6, causal: true },
  { batch: 2, heads: 2, n: 17, m: 17, d: 33, e: 5, causal: true, mask: [2, 1, 1, 17] },
  { batch: 2, heads: 2, n: 6, m: 9, d: 3, e: 3, causal: false, mask: [1, 2, 6, 9] },
  { batch: 2, heads: 2, n: 6, m: 9, d: 3, e: 3, causal: false, mask: [6, 1] },
  { batch: 2, heads: 2, n: 6, m: 9, d: 3, e: 3, causal: false, mask: [2, 2, 1, 1] },
  { batch: 1, heads: 3, n: 65, m: 65, d: 16, e: 16, causal: false },
  { batch: 0, heads: 2, n: 3, m: 3, d: 2, e: 2, causal: false },
];

describe('Attention', () => {
  it.each(attentionCases)(
    '$batch x $heads heads, $n queries, $m keys, causal $causal, mask $mask: equals float64',
    ({ causal, mask: maskShape, ...sizes }) => {
      const { batch, heads, n, m, d, e } = sizes;
      const scale = 1 / Math.sqrt(d);
      const [q, k, v] = [
        sample([batch, n, heads * d], 'q'),
        sample([batch, m, heads * d], 'k'),
        sample([batch, m, heads * e], 'v'),
      ];
      const dy = sample([batch, n, heads * e], 'dy');
      const mask = maskShape && { ...sample(maskShape, 'mask', 2), shape: maskShape };
      const expected = attentionReference(sizes, q.values, k.values, v.values, dy.values, scale, causal, mask);
      const inputs = { q: q.tensor, k: k.tensor, v: v.tensor };
      const [context, probabilities] = runKernel(
        'tapgrad.Attention',
        { ...inputs, ...(mask && { mask: mask.tensor }) },
        { heads, scale, causal },
      );
      expect(probabilities!.shape).toEqual([batch, heads, n, m]);
      expectClose(context!, expected.context, 1e-5, 1);
      expectClose(probabilities!, expected.probabilities, 1e-5, 0.1);
      const gradientInputs = { dy: dy.tensor, ...inputs, probabilities: probabilities! };
      const gradients = runKernel('tapgrad.AttentionGrad', gradientInputs, {
        heads,
        scale,
        needQ: true,
        needK: true,
        needV: true,
      });
      const scaleOf = Math.sqrt(sizeOf([n]) + 1);
      expectClose(gradients[0]!, expected.dq, 1e-5, scaleOf);
      expectClose(gradients[1]!, expected.dk, 1e-5, scaleOf);
      expectClose(gradients[2]!, expected.dv, 1e-5, scaleOf);
      const [alone] = runKernel('tapgrad.AttentionGrad', gradientInputs, {
        heads,
        scale,
        needQ: false,
        needK: true,
        needV: false,
      });
      expect(alone!.dataSync()).toEqual(gradients[1]!.dataSync());
      tf.dispose([
        q.tensor,
        k.tensor,
        v.tensor,
        dy.tensor,
        mask?.tensor ?? [],
        context!,
        probabilities!,
        gradients,
        alone!,
      ]);
    },
  );

  it('a causal query that sees no key is spread evenly, as adding a large negative number would', () => {
    const [q, kv] = [tf.ones([1, 3, 2]), tf.ones([1, 2, 2])];
    const [context, probabilities] = runKernel(
      'tapgrad.Attention',
      { q, k: kv, v: kv },
      { heads: 1, scale: 1, causal: true },
    );
    expect([...probabilities!.dataSync()]).toEqual([0.5, 0.5, 1, 0, 0.5, 0.5]);
    tf.dispose([q, kv, context!, probabilities!]);
  });

  it('a thousand runs with gradients leave no tensor and do not grow the heap', () => {
    const x = sample([2, 9, 8], 'x');
    const attrs = { heads: 2, scale: 0.5, causal: false, needQ: true, needK: true, needV: true };
    const step = (): void =>
      tf.tidy(() => {
        const [, probabilities] = runKernel('tapgrad.Attention', { q: x.tensor, k: x.tensor, v: x.tensor }, attrs);
        runKernel(
          'tapgrad.AttentionGrad',
          { dy: x.tensor, q: x.tensor, k: x.tensor, v: x.tensor, probabilities: probabilities! },
          attrs,
        );
      });
    step();
    const before = [tf.memory().numTensors, heapBytes()];
    for (let i = 0; i < 1000; i++) step();
    expect([tf.memory().numTensors, heapBytes()]).toEqual(before);
    x.tensor.dispose();
  });
});
