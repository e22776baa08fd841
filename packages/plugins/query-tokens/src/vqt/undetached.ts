import type { Module } from '@tapgrad/core';
import type { MultiHeadAttention, TransformerBlock } from '@tapgrad/nn';
import {
  add,
  concat,
  matMul,
  mul,
  reshape,
  slice,
  softmax,
  type Tensor,
  tensor2d,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';

/**
 * A block with queries in front of its tokens, all on one graph and nothing cut, as the published code has it: for tests
 * of what the split must equal. To the queries' rows and the tokens' rows.
 */
export function undetachedBlock(
  block: TransformerBlock,
  queries: Tensor,
  tokens: Tensor,
  mask?: Tensor,
): readonly [Tensor, Tensor] {
  const [batch, length] = tokens.shape as [number, number, number];
  const count = queries.shape[0] as number;
  const x = concat([add(zeros([batch, 1, 1]), queries), tokens], 1);
  const post = block.options.norm === 'post';
  const residual = block.shortcut ? block.shortcut.call(x) : x;
  const attended = add(residual, attend(block.attention, post ? x : block.norm1.call(x), count, mask));
  const middle = post ? block.norm1.call(attended) : attended;
  const fed = add(middle, block.mlp.call(post ? middle : block.norm2.call(middle)));
  const y = post ? block.norm2.call(fed) : fed;
  const width = y.shape[2] as number;
  return [slice(y, [0, 0, 0], [batch, count, width]), slice(y, [0, count, 0], [batch, length, width])];
}

/** Queries of all rows, keys and values of the tokens' rows alone. */
function attend(attention: MultiHeadAttention, x: Tensor, count: number, mask: Tensor | undefined): Tensor {
  const [batch, rows, inputWidth] = x.shape as [number, number, number];
  const { heads } = attention;
  const project = (which: 0 | 1 | 2, from: Tensor): Tensor => {
    const own = [attention.query, attention.key, attention.value][which] as Module | undefined;
    if (own) return own.call(from);
    const all = (attention.qkv as Module).call(from);
    const width = (all.shape[2] as number) / 3;
    return slice(all, [0, 0, which * width], [batch, from.shape[1] as number, width]);
  };
  const split = (each: Tensor) => {
    const [, length, width] = each.shape as [number, number, number];
    return transpose(reshape(each, [batch, length, heads, width / heads]), [0, 2, 1, 3]);
  };
  const behind = slice(x, [0, count, 0], [batch, rows - count, inputWidth]);
  const [q, k, v] = [split(project(0, x)), split(project(1, behind)), split(project(2, behind))];
  const scores = mul(matMul(q, k, false, true), 1 / Math.sqrt(q.shape[3] as number));
  const seen = attention.causal ? add(scores, causalRows(count, rows - count)) : scores;
  const context = matMul(softmax(mask ? add(seen, mask) : seen), v);
  const merged = transpose(context, [0, 2, 1, 3]);
  return attention.output.call(reshape(merged, [batch, rows, heads * (q.shape[3] as number)]));
}

/** The queries see all tokens, a token those up to itself. */
function causalRows(queries: number, tokens: number): Tensor {
  return tensor2d(
    Array.from({ length: queries + tokens }, (_, row) =>
      Array.from({ length: tokens }, (__, key) => (row < queries || key <= row - queries ? 0 : -1e9)),
    ),
  );
}
