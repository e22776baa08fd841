import * as core from '@tapgrad/core';
import { type InputSpec, type OpSpec, opSpec } from '../../op-spec.ts';
import { dense, frozen } from './inputs.ts';

interface AttentionAttributes {
  readonly heads: number;
  readonly causal?: boolean;
  readonly scale?: number;
}

/** Query, key and value of one attention; keys and values may be longer, and values of another width. */
function operands(batch: number, queries: number, keys: number, width: number, values = width): InputSpec[] {
  return [dense(batch, queries, width), dense(batch, keys, width), dense(batch, keys, values)];
}

export const attentionSpecs: readonly OpSpec[] = [
  opSpec<AttentionAttributes>({
    kernel: 'tapgrad.Attention',
    run: ([q, k, v, mask], { heads, causal, scale }) =>
      core.attention(q!, k!, v!, { heads, mask, ...(causal && { causal }), ...(scale !== undefined && { scale }) }),
    samples: [
      { inputs: operands(2, 3, 3, 4), attrs: { heads: 2 } },
      { inputs: operands(1, 3, 3, 4), attrs: { heads: 1, causal: true } },
      { inputs: operands(2, 2, 4, 4), attrs: { heads: 2, causal: true } },
      { inputs: operands(2, 1, 4, 4), attrs: { heads: 2, causal: true } },
      { inputs: operands(2, 3, 2, 4, 6), attrs: { heads: 2, scale: 0.3 } },
      { name: 'frozen mask', inputs: [...operands(2, 3, 3, 4), frozen(dense(2, 1, 1, 3))], attrs: { heads: 2 } },
      { name: 'trained mask', inputs: [...operands(2, 3, 2, 4), dense(1, 2, 3, 2)], attrs: { heads: 2 } },
      {
        name: 'trained mask of a row',
        inputs: [...operands(2, 3, 3, 4), dense(1, 1, 1, 3)],
        attrs: { heads: 2, causal: true },
      },
      {
        name: 'mask alone trained',
        inputs: [...operands(2, 3, 3, 4).map(frozen), dense(1, 2, 3, 3)],
        attrs: { heads: 2 },
      },
      {
        name: 'positions masked out',
        inputs: [...operands(1, 2, 3, 2), frozen({ shape: [1, 1, 1, 3], values: [0, -1e9, 0] })],
        attrs: { heads: 1 },
      },
      ...[0, 1, 2].map((trained) => ({
        name: `${['query', 'key', 'value'][trained]} alone`,
        inputs: operands(1, 3, 2, 4).map((each, index) => (index === trained ? each : frozen(each))),
        attrs: { heads: 2 },
      })),
    ],
    fuzz(random) {
      const heads = random.integer(1, 3);
      const [queries, extra] = [random.integer(1, 3), random.integer(0, 2)];
      const [batch, width, values] = [random.integer(1, 2), heads * random.integer(1, 2), heads * random.integer(1, 2)];
      const mask = random.pick([
        [],
        [dense(random.pick([1, batch]), random.pick([1, heads]), queries, queries + extra)],
      ]);
      return {
        inputs: [...operands(batch, queries, queries + extra, width, values), ...mask],
        attrs: { heads, causal: random.pick([true, false]) },
      };
    },
    errors: [
      { inputs: operands(2, 3, 3, 4), attrs: { heads: 3 }, message: /SHAPE_MISMATCH/ },
      { inputs: [dense(2, 3, 4), dense(2, 3, 5), dense(2, 3, 4)], attrs: { heads: 1 }, message: /SHAPE_MISMATCH/ },
      { inputs: [dense(2, 3, 4), dense(1, 3, 4), dense(1, 3, 4)], attrs: { heads: 1 }, message: /SHAPE_MISMATCH/ },
    ],
  }),
];
