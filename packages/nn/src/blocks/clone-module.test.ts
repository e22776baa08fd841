import { Module, Parameter, randomStream } from '@tapgrad/core';
import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { TransformerBlock } from '../layers/index.ts';
import { BasicBlock, InvertedResidual } from '../models/index.ts';
import { randomTensor } from '../test-support.ts';
import { cloneModule } from './clone-module.ts';
import { layerWidths } from './layer-widths.ts';

const random = randomStream(1, 'clone');
const inverted = { padding: 1, epsilon: 1e-5, stride: 2, expansion: 3, inChannels: 4, outChannels: 6, random } as const;

const blocks: [string, () => Module, () => Tensor][] = [
  [
    'a residual block with a stride and a projection',
    () => new BasicBlock({ inChannels: 4, channels: 6, stride: 2, shortcut: 'projection', random }),
    () => randomTensor([2, 6, 6, 4]),
  ],
  ['an inverted residual', () => new InvertedResidual(inverted), () => randomTensor([2, 6, 6, 4])],
  ['a transformer block', () => new TransformerBlock({ width: 8, heads: 2, random }), () => randomTensor([2, 3, 8])],
];

describe('a copied module', () => {
  it.each(blocks)('%s computes the same bits, and shares nothing that changes', (_, build, input) => {
    const [original, x] = [build(), input()];
    const copy = cloneModule(original);
    expect(copy).toBeInstanceOf(original.constructor);
    expect([...copy.state().keys()]).toEqual([...original.state().keys()]);
    const run = (module: Module) => tidy(() => [...module.eval().call(x).dataSync()]);
    const before = run(original);
    expect(run(copy)).toEqual(before);
    for (const parameter of copy.namedParameters().values()) {
      tidy(() => parameter.assign(tensor(new Array(parameter.size).fill(0.5), [...parameter.shape])));
    }
    copy.train();
    expect(run(original)).toEqual(before);
    expect([...original.namedModules().values()].every(({ training }) => !training)).toBe(true);
    for (const each of [original, copy]) each.dispose();
    x.dispose();
  });

  it('keeps what is shared inside shared, and what is frozen frozen', () => {
    class Tied extends Module {
      readonly first = new Parameter(tensor([1]), { trainable: false });
      readonly again = [this.first];
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const original = new Tied();
    const copy = cloneModule(original);
    expect(copy.again[0]).toBe(copy.first);
    expect(copy.first.trainable).toBe(false);
    for (const each of [original, copy]) each.dispose();
  });

  it('is refused where a function speaks of the original', () => {
    class Bound extends Module {
      readonly scaled = (x: Tensor) => x;
      override forward(x: Tensor): Tensor {
        return this.scaled(x);
      }
    }
    expect(() => cloneModule(new Bound())).toThrow('MODULE_NOT_CLONEABLE');
  });
});

describe('widths of a module', () => {
  it('are those of its first and last layer', () => {
    const [residual, narrow, transformer] = blocks.map(([, build]) => build()) as [Module, Module, Module];
    expect(layerWidths(residual)).toEqual({ input: 4, output: 6, images: true, lastLinear: undefined });
    expect(layerWidths(narrow)).toEqual({ input: 4, output: 6, images: true, lastLinear: undefined });
    expect(layerWidths(transformer)).toEqual({ input: 8, output: 8, images: false, lastLinear: 8 });
    for (const each of [residual, narrow, transformer]) each.dispose();
  });
});
