/** What the tests of tape, ops and ledger share: seeded values, a transformer block, the engine's own patches. */
import {
  add,
  engine,
  erf,
  matMul,
  moments,
  mul,
  reshape,
  rsqrt,
  softmax,
  sub,
  type Tensor,
  type Tensor4D,
  tensor,
  type Variable,
  variable,
} from '@tensorflow/tfjs-core';
import { attention, gelu, layerNorm, linear, mergeHeads, randomStream, splitHeads } from './index.ts';

/** Normal numbers, the same for the same key on every engine. */
export function normal(shape: number[], key: string, deviation = 1): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = randomStream(1, key).normal(size, 0, deviation);
  return tensor(Array.from(values, Math.fround), shape, 'float32');
}

/** A tensor's own values, whatever the caller does with the buffer. */
export function valuesOf(x: Tensor): number[] {
  return Array.from(x.dataSync());
}

const blockParameters = (width: number): Record<string, number[]> => ({
  'norm1.weight': [width],
  'norm1.bias': [width],
  'query.weight': [width, width],
  'query.bias': [width],
  'key.weight': [width, width],
  'key.bias': [width],
  'value.weight': [width, width],
  'value.bias': [width],
  'output.weight': [width, width],
  'output.bias': [width],
  'norm2.weight': [width],
  'norm2.bias': [width],
  'up.weight': [width, 4 * width],
  'up.bias': [4 * width],
  'down.weight': [4 * width, width],
  'down.bias': [width],
});

export type BlockParameters = Record<string, Variable>;

export function makeBlock(width: number, key = 'block'): BlockParameters {
  return Object.fromEntries(
    Object.entries(blockParameters(width)).map(([name, shape]) => {
      const initial = normal(shape, `${key}/${name}`, 0.3);
      const made = variable(initial);
      initial.dispose();
      return [name, made];
    }),
  );
}

/** A pre-norm transformer block with an MLP ratio of 4 and no dropout. `[batch, tokens, width]` in and out. */
export function runBlock(x: Tensor, p: BlockParameters, heads: number): Tensor {
  const of = (name: string) => p[name] as Variable;
  const dense = (value: Tensor, name: string) => linear(value, of(`${name}.weight`), of(`${name}.bias`));
  const first = layerNorm(x, of('norm1.weight'), of('norm1.bias'));
  const context = attention(dense(first, 'query'), dense(first, 'key'), dense(first, 'value'), { heads });
  const attended = add(x, dense(context, 'output'));
  const second = layerNorm(attended, of('norm2.weight'), of('norm2.bias'));
  return add(attended, dense(gelu(dense(second, 'up')), 'down'));
}

/** Several blocks and a linear head over all tokens: `[batch, classes]`. */
export function runEncoder(x: Tensor, blocks: readonly BlockParameters[], head: Variable, heads: number): Tensor {
  let hidden = x;
  for (const block of blocks) hidden = runBlock(hidden, block, heads);
  return linear(reshape(hidden, [x.shape[0] ?? 1, -1]), head);
}

const patched = ['runKernel', 'clone', 'customGrad', 'trackTensor', 'removeDataId'] as const;

/** The own properties of the engine that tapes and ledgers replace, to compare before and after. */
export function enginePatches(): Record<string, PropertyDescriptor | undefined> {
  return Object.fromEntries(patched.map((name) => [name, Object.getOwnPropertyDescriptor(engine(), name)]));
}

/** `runEncoder` behind a projection, as one writes it with tfjs's ops alone. */
export function runEncoderInPlainOps(
  x: Tensor,
  stem: Variable,
  blocks: readonly BlockParameters[],
  head: Variable,
  heads: number,
): Tensor {
  const [batch = 1, tokens = 1, width = 1] = x.shape;
  // tfjs has no gradient for a weight that is broadcast over a batch.
  const times = (value: Tensor, weight: Tensor) =>
    reshape(matMul(reshape(value, [-1, value.shape[2] ?? 1]), weight), [batch, tokens, -1]);
  let hidden = times(x, stem);
  for (const p of blocks) {
    const of = (name: string) => p[name] as Variable;
    const dense = (value: Tensor, name: string) => add(times(value, of(`${name}.weight`)), of(`${name}.bias`));
    const norm = (value: Tensor, name: string) => {
      const { mean: center, variance } = moments(value, -1, true);
      const normalized = mul(sub(value, center), rsqrt(add(variance, 1e-5)));
      return add(mul(normalized, of(`${name}.weight`)), of(`${name}.bias`));
    };
    const first = norm(hidden, 'norm1');
    const [q, k, v] = ['query', 'key', 'value'].map((name) => splitHeads(dense(first, name), heads)) as Tensor4D[];
    const scores = mul(matMul(q as Tensor4D, k as Tensor4D, false, true), 1 / Math.sqrt(width / heads));
    const context = mergeHeads(matMul(softmax(scores), v as Tensor4D));
    hidden = add(hidden, dense(context, 'output'));
    const up = dense(norm(hidden, 'norm2'), 'up');
    const activated = mul(mul(up, 0.5), add(erf(mul(up, Math.SQRT1_2)), 1));
    hidden = add(hidden, dense(activated, 'down'));
  }
  return matMul(reshape(hidden, [batch, -1]), head);
}
