import { attention, record, type SaveRequest } from '@tapgrad/core';
import { checkOpSpec, opSpecs } from '@tapgrad/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { withFlashAttention } from './test-flash-attention.ts';

const spec = opSpecs.find(({ kernel }) => kernel === 'tapgrad.Attention');

describe('attention in tiles', () => {
  it.each([true, false])('has the derivatives of attention, first and second; fused gradient: %s', (fused) => {
    withFlashAttention(fused, () => checkOpSpec(spec as NonNullable<typeof spec>));
  });

  it('saves query, key, value, the result and two numbers a query, and no map', () => {
    const [batch, n, m, heads, width] = [2, 5, 7, 2, 8];
    const [q, k, v] = [n, m, m].map((tokens) =>
      tf.tidy(() => tf.variable(tf.randomNormal([batch, tokens, width], 0, 1, 'float32', 1))),
    );
    const saved = (trained: object, options: object = {}) => {
      const seen: Record<string, readonly number[]> = {};
      const plan = (slot: never, { operand, shape, kernel }: SaveRequest) => {
        expect(kernel).toBe('tapgrad.Attention');
        seen[operand] = shape;
        return slot;
      };
      // Parameters themselves live anyway.
      const [a, b, c] = [q!, k!, v!];
      const f = () => attention(tf.neg(a), tf.neg(b), tf.neg(c), { heads, ...options });
      const { tape, value } = record(f, { parameters: trained as never, plan: plan as never, derivedSlots: false });
      tape.dispose();
      value.dispose();
      return seen;
    };
    const query = [batch, n, width];
    const keys = [batch, m, width];
    const statistics = [batch, heads, n, 2];
    const mask = tf.zeros([1, 1, n, m]);
    const bias = tf.variable(mask);
    withFlashAttention(true, () => {
      expect(saved({ q, k, v })).toEqual({ q: query, k: keys, v: keys, y: query, statistics });
      expect(saved({ q })).toEqual({ q: query, k: keys, v: keys, y: query, statistics });
      expect(saved({ v })).toEqual({ q: query, k: keys, statistics });
      expect(Object.keys(saved({ q }, { mask })).sort()).toEqual(['k', 'mask', 'q', 'statistics', 'v', 'y']);
      // A mask that trains needs the map.
      expect(saved({ q, bias }, { mask: bias })).toHaveProperty('probabilities');
    });
    expect(saved({ q, k, v })).toEqual({ q: query, k: keys, v: keys, probabilities: [batch, heads, n, m] });
    tf.dispose([q!, k!, v!, mask, bias]);
  });
});
