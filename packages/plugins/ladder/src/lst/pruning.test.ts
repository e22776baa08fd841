import { randomStream } from '@tapgrad/core';
import { LayerNorm, TransformerBlock } from '@tapgrad/nn';
import { abs, type Tensor, type Tensor1D, tensor, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor, scatter } from '../test-models.ts';
import * as pruning from './pruning.ts';
import { narrowable } from './side-block.ts';

const { pruneBlock, pruneNorm } = pruning;
const features = (list: readonly number[]): Tensor1D => tensor1d([...list], 'int32');
const listed = (f: () => Tensor): number[] => [...tidy(() => f().dataSync())];
const topIndices = (scores: number[], count: number): number[] =>
  listed(() => pruning.topIndices(tensor1d(scores), count));
const keptOutputs = (importances: readonly Tensor[], inputs: readonly number[], count: number): number[] =>
  listed(() => pruning.keptOutputs(importances, features(inputs), count));

describe('the most important features', () => {
  it('are in ascending order, the first of equals first', () => {
    expect(topIndices([1, 5, 5, 0, 7], 3)).toEqual([1, 2, 4]);
    expect(topIndices([2, 2, 2], 2)).toEqual([0, 1]);
    expect(topIndices([0, 3, 0, 0, 3, 0], 4)).toEqual([0, 1, 2, 4]);
    expect(topIndices([4, 3, 2], 3)).toEqual([0, 1, 2]);
  });

  it('are those outputs whose importance over the kept inputs is largest', () => {
    // [in, out]; without input 1, output 2 has the most.
    const importance = tensor([1, 2, 3, 90, 0, 0, 1, 1, 3], [3, 3]);
    expect(keptOutputs([importance], [0, 1, 2], 1)).toEqual([0]);
    expect(keptOutputs([importance], [0, 2], 2)).toEqual([1, 2]);
    importance.dispose();
  });

  it('of query, key and value together are those of the elementwise product', () => {
    const query = tensor([9, 0, 1, 0, 9, 1], [2, 3]);
    const key = tensor([0, 9, 1, 9, 0, 1], [2, 3]);
    // Each alone prefers outputs 0 and 1; where one of both is large the other is 0.
    expect(keptOutputs([query, key], [0, 1], 1)).toEqual([2]);
    query.dispose();
    key.dispose();
  });

  it('keep their order where importances are as small as squared gradients are', () => {
    const tiny = tensor([1e-30, 3e-30, 2e-30], [1, 3]);
    expect(keptOutputs([tiny, tiny, tiny], [0], 1)).toEqual([1]);
    tiny.dispose();
  });
});

function positive(shape: readonly number[], seed: number): Tensor {
  return tidy(() => abs(randomTensor(shape, seed)));
}

describe('pruning a block', () => {
  it('slices every matrix by what the one before kept', () => {
    const block = new TransformerBlock({ width: 8, heads: 2, hidden: 16, random: randomStream(1) });
    scatter(block as never);
    const beside = narrowable({ path: 'block', module: block as never }, undefined);
    const side = beside.narrowed(2, { random: randomStream(2), previous: undefined });
    const from = block.namedParameters();
    const importances = new Map<string, Tensor>();
    for (const [name, { shape }] of from) importances.set(name, positive(shape, name.length));
    const first = [1, 2, 5, 6];
    const last = listed(() =>
      pruneBlock(beside.pruning?.() ?? [], features(first), {
        from,
        to: side.namedParameters(),
        importance: (name) => importances.get(name),
        assign: true,
      }),
    );
    const values = (parameters: typeof from, name: string) => parameters.get(name)?.variable.dataSync() as Float32Array;
    const to = side.namedParameters();
    const at = (name: string, row: number, column: number, width: number) =>
      values(from, name)[row * width + column] as number;
    expect(Array.from(values(to, 'norm1.weight'))).toEqual(first.map((i) => values(from, 'norm1.weight')[i]));
    const qkv = [0, 1, 2].map((part) =>
      tensor(
        Array.from(
          { length: 64 },
          (_, i) =>
            importances.get('attention.qkv.weight')?.dataSync()[Math.floor(i / 8) * 24 + part * 8 + (i % 8)] as number,
        ),
        [8, 8],
      ),
    );
    const heads = keptOutputs(qkv, first, 4);
    for (const each of qkv) each.dispose();
    const expected = first.flatMap((row) =>
      [0, 1, 2].flatMap((part) => heads.map((column) => at('attention.qkv.weight', row, part * 8 + column, 24))),
    );
    expect(Array.from(values(to, 'attention.qkv.weight'))).toEqual(expected);
    const out = keptOutputs([importances.get('attention.output.weight') as Tensor], heads, 4);
    expect(Array.from(values(to, 'norm2.bias'))).toEqual(out.map((i) => values(from, 'norm2.bias')[i]));
    const up = keptOutputs([importances.get('mlp.up.weight') as Tensor], out, 8);
    expect(last).toEqual(keptOutputs([importances.get('mlp.down.weight') as Tensor], up, 4));
    expect(Array.from(values(to, 'mlp.down.weight'))).toEqual(
      up.flatMap((row) => last.map((column) => at('mlp.down.weight', row, column, 8))),
    );
    expect(Array.from(values(to, 'mlp.down.bias'))).toEqual(last.map((i) => values(from, 'mlp.down.bias')[i]));
    for (const each of importances.values()) each.dispose();
    block.dispose();
    side.dispose();
  });

  it('slices the last norm by what the last block kept', () => {
    const [from, to] = [new LayerNorm(4), new LayerNorm(2)];
    scatter(from as never);
    tidy(() => pruneNorm(from as never, to, features([0, 3])));
    const [wide, narrow] = [from.weight?.variable.dataSync() ?? [], to.weight?.variable.dataSync() ?? []];
    expect(Array.from(narrow)).toEqual([wide[0], wide[3]]);
    from.dispose();
    to.dispose();
  });
});
