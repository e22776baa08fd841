import { randomStream } from '@tapgrad/core';
import { ResNet, VisionTransformer } from '@tapgrad/nn';
import { describe, expect, it } from 'vitest';
import { findCuts, firstsOfParts } from './partition.ts';

const random = randomStream(1, 'partition');
const resnet = new ResNet({ architecture: 'resnet-32-cifar', random });
const transformer = new VisionTransformer({ width: 4, heads: 1, layers: 12, imageSize: 4, patchSize: 2, random });
const names = (cuts: ReturnType<typeof findCuts>) => cuts.map(({ block }) => block.path);

describe('parts of a model', () => {
  it('share the blocks of all stages of a residual network', () => {
    const blocks = 'layer*.*';
    expect(names(findCuts(resnet, { blocks, parts: 3 }))).toEqual(['layer2.0', 'layer3.0']);
    expect(findCuts(resnet, { blocks, parts: 15 })).toHaveLength(14);
    expect(findCuts(resnet, { blocks, parts: 5 }).map(({ stage }) => stage)).toEqual([0, 1, 1, 2]);
  });

  it('are those of the paper’s tables: 16 of one unit, 8 of two, the stem being one', () => {
    const all = [1, 2, 3].flatMap((stage) => [0, 1, 2, 3, 4].map((block) => `layer${stage}.${block}`));
    expect(names(findCuts(resnet, { blocks: 'layer*.*', parts: 16 }))).toEqual(all);
    const after = ['1.0', '1.2', '1.4', '2.1', '2.3', '3.0', '3.2'];
    const before = after.map((path) => all[all.indexOf(`layer${path}`) + 1]);
    expect(names(findCuts(resnet, { blocks: 'layer*.*', parts: 8 }))).toEqual(before);
  });

  it('share the blocks of a transformer', () => {
    expect(names(findCuts(transformer, { blocks: 'layers.*', parts: 4 }))).toEqual([
      'layers.3',
      'layers.6',
      'layers.9',
    ]);
    expect(names(findCuts(transformer, { blocks: 'layer*.*' }))).toEqual(['layers.6']);
    expect(findCuts(transformer, { blocks: 'layers.*', parts: 1 })).toEqual([]);
  });

  it('differ by one block at most where they cannot be equal', () => {
    for (let blocks = 1; blocks <= 20; blocks++) {
      for (let parts = 1; parts <= blocks; parts++) {
        const firsts = [0, ...firstsOfParts(blocks, parts), blocks];
        const sizes = firsts.slice(1).map((end, i) => end - (firsts[i] as number));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(blocks);
        expect(Math.max(...sizes) - Math.min(...sizes.slice(1), sizes[0]! + 1)).toBeLessThanOrEqual(1);
        expect(Math.min(...sizes.slice(1), 1)).toBe(1);
      }
    }
  });

  it('may be named by what they begin with, in the order of the model', () => {
    const cuts = findCuts(resnet, { blocks: 'layer*.*', cuts: ['layer3.0', 'layer2.0'] });
    expect(cuts.map(({ block, stage }) => [block.path, stage])).toEqual([
      ['layer2.0', 1],
      ['layer3.0', 2],
    ]);
    expect(names(findCuts(resnet, { blocks: 'layer*.*', cuts: ['layer*.0'] }))).toHaveLength(3);
    expect(names(findCuts(resnet, { blocks: 'none.*', cuts: ['fc', 'avgpool'].slice(1) }))).toEqual(['avgpool']);
  });

  it('that cannot be are refused', () => {
    expect(() => findCuts(resnet, { blocks: 'layer*.*', parts: 17 })).toThrow('LOCAL_PARTS');
    expect(() => findCuts(resnet, { blocks: 'blocks.*', parts: 2 })).toThrow('NO_BLOCKS');
    expect(() => findCuts(resnet, { blocks: 'layer*.*', cuts: ['layer9.0'] })).toThrow('NO_BLOCKS');
  });
});
