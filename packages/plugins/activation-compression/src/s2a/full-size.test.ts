import { plan } from '@tapgrad/backend-meta';
import type { Plugin } from '@tapgrad/core';
import { VisionTransformer, visionTransformerPresets } from '@tapgrad/nn';
import { adamw } from '@tapgrad/train';
import { describe, expect, it } from 'vitest';
import { derivativeCodes } from '../derivative-codes/index.ts';
import { biasTuning } from './bias-tuning.ts';
import { s2a } from './index.ts';
import { type BlockTraining, blockElements } from './math.ts';

const shape = { tokens: 197, width: 768, heads: 12 } as const;
const batch = 2;
const description = { inputs: { shape: [batch, 224, 224, 3] }, targets: { shape: [batch], dtype: 'int32' } } as const;

/** 32-bit elements an image in one block of ViT-B/16: by how much two blocks keep more than one. */
async function perBlock(...plugins: readonly Plugin[]): Promise<number> {
  const saved = async (layers: number) => {
    const model = new VisionTransformer({ ...visionTransformerPresets['vit-b/16'], layers, classes: 100 });
    const options = { derivedSlots: false, optimizer: () => adamw({ learningRate: 1e-3 }) };
    return (await plan(model, plugins, description, options)).savedBytes;
  };
  return ((await saved(2)) - (await saved(1))) / 4 / batch;
}

describe('a block of ViT-B/16', () => {
  const statistics = 4 * shape.tokens;
  const full = blockElements(shape, 'full');

  it('keeps 2.89, 1.83, 1.30 and 0.23 million elements an image, by the formulas', () => {
    const millions = (training: BlockTraining) => Number((blockElements(shape, training) / 1e6).toFixed(2));
    expect((['full', 'bias', 'coded-gelu', 'coded'] as const).map(millions)).toEqual([2.89, 1.83, 1.3, 0.23]);
    const ratio = (training: BlockTraining) => Number((blockElements(shape, training) / full).toFixed(2));
    expect((['bias', 'coded-gelu', 'coded'] as const).map(ratio)).toEqual([0.63, 0.45, 0.08]);
  });

  it('keeps what the formulas say, and the norms’ statistics, on shapes of full size', async () => {
    expect(await perBlock()).toBe(full + statistics);
    expect(await perBlock(biasTuning())).toBe(blockElements(shape, 'bias') + statistics);
    expect(await perBlock(biasTuning(), derivativeCodes())).toBe(blockElements(shape, 'coded-gelu') + statistics);
    const grouped = 5 * shape.tokens * shape.width + shape.heads * shape.tokens ** 2;
    const scales = Math.ceil((batch * grouped) / 256) / batch;
    const coded = await perBlock(...s2a({ structures: ['bias'] }));
    // The last word and the last group of a value may be partly empty: of two values here.
    expect(coded - (blockElements(shape, 'coded') + scales + statistics)).toBeGreaterThanOrEqual(0);
    expect(coded - (blockElements(shape, 'coded') + scales + statistics)).toBeLessThan(4);
  });

  it('lets the whole model, in batches of 64, peak below a quarter of full fine-tuning', async () => {
    const large = { inputs: { shape: [64, 224, 224, 3] }, targets: { shape: [64], dtype: 'int32' } } as const;
    const peak = async (...plugins: (Plugin | readonly Plugin[])[]) => {
      const model = new VisionTransformer({ ...visionTransformerPresets['vit-b/16'], classes: 100 });
      return plan(model, plugins, large, { optimizer: () => adamw({ learningRate: 1e-3 }) });
    };
    const [full, tuned] = [await peak(), await peak(s2a())];
    expect(tuned.peak.bytes / full.peak.bytes).toBeLessThan(0.25);
    expect(tuned.savedBytes / full.savedBytes).toBeLessThan(0.13);
  });
});
