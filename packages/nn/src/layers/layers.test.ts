import { attention, checkpoint, grad, linear, manualSeed, randomStream, record } from '@tapgrad/core';
import { split, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-support.ts';
import {
  Dropout,
  Embedding,
  Linear,
  MaxPool2d,
  MeanPool,
  MultiHeadAttention,
  paddingMask,
  Sequential,
  sinusoidalPositions,
  TransformerBlock,
  tokenMask,
} from './index.ts';

function values(f: () => Tensor): number[] {
  return tidy(() => Array.from(f().dataSync()));
}

describe('Dropout', () => {
  it('zeroes its share, scales the rest, and keeps the mean', () => {
    manualSeed(3);
    const y = values(() => new Dropout(0.25).call(tensor(new Float32Array(4000).fill(1))));
    const kept = y.filter((value) => value !== 0);
    expect(kept.every((value) => Math.abs(value - 4 / 3) < 1e-12)).toBe(true);
    expect(kept.length / 4000).toBeCloseTo(0.75, 1);
  });

  it('is the identity in evaluation', () => {
    expect(values(() => new Dropout(0.9).eval().call(tensor([1, 2])))).toEqual([1, 2]);
  });

  it('two calls draw differently, the same seed draws the same', () => {
    const layer = new Dropout(0.5);
    const draw = () => values(() => layer.call(tensor(new Float32Array(64).fill(1))));
    manualSeed(5);
    const [first, second] = [draw(), draw()];
    manualSeed(5);
    expect(draw()).toEqual(first);
    expect(second).not.toEqual(first);
  });

  it('a checkpointed segment drops the same elements when it is run again', () => {
    const layer = new Dropout(0.5);
    manualSeed(7);
    const x = randomTensor([50]);
    let seen: number[] = [];
    const { x: gradient } = grad(
      () => {
        const y = checkpoint((input) => layer.call(input), x);
        seen = Array.from(y.dataSync());
        return sum(y);
      },
      { x },
    );
    expect(Array.from(gradient.dataSync()).map((value) => value !== 0)).toEqual(seen.map((value) => value !== 0));
    gradient.dispose();
    x.dispose();
  });
});

describe('MultiHeadAttention', () => {
  const x = () => randomTensor([2, 4, 6]);

  it('equals the attention op between its projections, fused or separate', () => {
    const fused = new MultiHeadAttention({ width: 6, heads: 3 });
    const separate = new MultiHeadAttention({ width: 6, heads: 3, projections: 'separate' });
    tidy(() => {
      const read = (layer: Linear | undefined) =>
        [layer?.weight.read() as Tensor, layer?.bias?.read() as Tensor] as const;
      const [weight, bias] = read(fused.qkv);
      const [weights, biases] = [split(weight, 3, -1), split(bias, 3)];
      for (const [i, name] of (['query', 'key', 'value'] as const).entries()) {
        separate[name]?.weight.assign(weights[i] as Tensor);
        separate[name]?.bias?.assign(biases[i] as Tensor);
      }
      separate.output.weight.assign(fused.output.weight.read());
      separate.output.bias?.assign(fused.output.bias?.read() as Tensor);
      const input = x();
      const [query, key, value] = weights.map((part, i) => linear(input, part, biases[i])) as [Tensor, Tensor, Tensor];
      const expected = fused.output.call(attention(query, key, value, { heads: 3 }));
      for (const module of [fused, separate]) close(module.call(input), expected);
    });
    fused.dispose();
    separate.dispose();
  });

  it('with dropout that happens to drop nothing it gives what the fused op gives', () => {
    const open = new MultiHeadAttention({ width: 6, heads: 2, causal: true, dropout: 1e-9 });
    tidy(() => {
      const input = x();
      close(open.train().call(input), open.eval().call(input));
    });
    open.dispose();
  });

  it('tokens that the mask hides change nothing', () => {
    const module = new MultiHeadAttention({ width: 6, heads: 2 });
    tidy(() => {
      const ids = tensor([5, 6, 7, -1], [1, 4], 'int32');
      const mask = paddingMask(tokenMask(ids));
      const [a, b] = [randomTensor([1, 4, 6], 1), randomTensor([1, 4, 6], 1)];
      const changed = tensor([...a.dataSync().subarray(0, 18), 9, 9, 9, 9, 9, 9], [1, 4, 6]);
      const first = (y: Tensor) => Array.from(y.dataSync()).slice(0, 18);
      expect(first(module.call(changed, mask))).toEqual(first(module.call(b, mask)));
    });
    module.dispose();
  });

  it('says what is wrong with its configuration', () => {
    expect(() => new MultiHeadAttention({ width: 6, heads: 4 })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
    expect(() => new MultiHeadAttention({ width: 6, heads: 2, memoryWidth: 3 })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION' }),
    );
    expect(() => new Linear(0, 4)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  });
});

describe('what a layer saves', () => {
  it('a linear layer of which only the bias trains saves nothing', () => {
    const layer = new Linear(4, 3);
    const x = randomTensor([5, 4]);
    const { value, tape } = record(() => layer.call(x), { parameters: { bias: layer.bias?.variable as Tensor } });
    expect(tape.savedBytes).toBe(0);
    tape.dispose();
    value.dispose();
    x.dispose();
    layer.dispose();
  });
});

describe('structure', () => {
  it('parameters are named by the path of their module', () => {
    const block = new TransformerBlock({ width: 4, heads: 2, inputWidth: 2 });
    expect([...block.namedParameters().keys()].sort()).toEqual(
      ['attention.output', 'attention.qkv', 'mlp.down', 'mlp.up', 'norm1', 'norm2', 'shortcut'].flatMap((name) => [
        `${name}.bias`,
        `${name}.weight`,
      ]),
    );
    expect([...new Sequential(new Linear(1, 1), new Linear(1, 2)).namedParameters().keys()]).toEqual([
      'layers.0.weight',
      'layers.0.bias',
      'layers.1.weight',
      'layers.1.bias',
    ]);
  });

  it('initial values depend on the order in which layers are built, not on that in which they are used', () => {
    const build = () => {
      const random = randomStream(4);
      return new Sequential(new Linear(2, 2, { random }), new Linear(2, 2, { random }));
    };
    const [first, second] = [build(), build()];
    const read = (model: Sequential, name: string) =>
      Array.from(model.namedParameters().get(name)?.variable.dataSync() ?? []);
    const forwards = ['layers.0.weight', 'layers.1.weight'].map((name) => read(first, name));
    const backwards = ['layers.1.weight', 'layers.0.weight'].map((name) => read(second, name));
    expect(backwards.reverse()).toEqual(forwards);
    expect(forwards[0]).not.toEqual(forwards[1]);
    first.dispose();
    second.dispose();
  });

  it('padding ids read row 0 of an embedding, and MeanPool leaves them out', () => {
    const layer = new Embedding(3, 2);
    tidy(() => {
      const ids = tensor([2, -1], [1, 2], 'int32');
      const pooled = new MeanPool().call(layer.call(ids), tokenMask(ids));
      expect(Array.from(pooled.dataSync())).toEqual(Array.from(layer.weight.variable.dataSync()).slice(4));
    });
    layer.dispose();
  });

  it('MeanPool of a row without tokens is 0', () => {
    expect(values(() => new MeanPool().call(randomTensor([1, 2, 2]), tensor([0, 0], [1, 2])))).toEqual([0, 0]);
  });

  it('MaxPool2d never picks padding', () => {
    expect(
      values(() => new MaxPool2d(3, { padding: 1, stride: 2 }).call(tensor([-1, -2, -3, -4], [1, 2, 2, 1]))),
    ).toEqual([-1]);
  });

  it('sinusoidal positions are those of the papers', () => {
    const [interleaved, halves] = [sinusoidalPositions(3, 4), sinusoidalPositions(3, 4, 'halves')];
    const at2 = (table: Float32Array) => Array.from(table.subarray(8));
    expect(at2(interleaved)).toEqual([Math.sin(2), Math.cos(2), Math.sin(0.02), Math.cos(0.02)]);
    expect(at2(halves)).toEqual([Math.sin(2), Math.sin(2 / 10_000), Math.cos(2), Math.cos(2 / 10_000)]);
  });
});

function close(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const reference = expected.dataSync();
  actual.dataSync().forEach((value, i) => {
    expect(value).toBeCloseTo(reference[i] as number, 7);
  });
}
