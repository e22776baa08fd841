import type { Module } from '@tapgrad/core';
import { describe, expect, it } from 'vitest';
import { tinyResNet } from '../test-models.ts';
import { findCuts } from './partition.ts';
import { lastBlocks } from './recompute-blocks.ts';

function paths(cuts: string[], recomputeBlocks: number): string[] {
  const model = tinyResNet();
  const options = { blocks: 'layer*.*', cuts, recomputeBlocks };
  const found = lastBlocks(
    model as Module<never, unknown>,
    findCuts(model as Module<never, unknown>, options),
    options,
  );
  model.dispose();
  return found.map(({ path }) => path);
}

describe('the last blocks of the parts', () => {
  it('end before the cuts, and never reach into the part before', () => {
    expect(paths(['layer2.0'], 1)).toEqual(['layer1.1']);
    expect(paths(['layer2.0'], 5)).toEqual(['layer1.0', 'layer1.1']);
    expect(paths(['layer1.1', 'layer2.1'], 5)).toEqual(['layer1.0', 'layer1.1', 'layer2.0']);
    expect(paths(['layer1.1', 'layer2.1'], 1)).toEqual(['layer1.0', 'layer2.0']);
  });

  it('are none where none is asked for, or before the first block', () => {
    expect(paths(['layer2.0'], 0)).toEqual([]);
    expect(paths(['layer1.0'], 2)).toEqual([]);
  });
});
