import { type Plugin, randomStream } from '@tapgrad/core';
import { MobileNetV2 } from '@tapgrad/nn';
import { describe, expect, it } from 'vitest';
import { recordedStep } from '../recorded-step.ts';
import { mobileTl } from './index.ts';
import { mobileTlElements, plainElements } from './math.ts';
import { disposeBatch, InvertedResiduals, imageBatch } from './test-models.ts';

const [channels, expansion, size, samples] = [32, 6, 2, 2];
const blocks = 2;
const pixels = samples * size * size;

/** 32-bit elements a pixel that the tape keeps of one block; norms' statistics, a few a channel, are left out. */
function elementsAPixel(plugins: readonly Plugin[], options: { derivedSlots?: boolean } = {}): number {
  const model = new InvertedResiduals(channels, expansion, blocks);
  const batch = imageBatch(channels, size, samples);
  const recorded = recordedStep(model, [plugins], batch, options);
  const outside = recorded.saved.filter(
    ({ operand, modulePath }) => operand === 'mean' || operand === 'variance' || !modulePath.startsWith('blocks'),
  );
  model.dispose();
  disposeBatch(batch);
  return (recorded.savedBytes - outside.reduce((sum, { bytes }) => sum + bytes, 0)) / blocks / pixels / 4;
}

describe('a block at expansion 6', () => {
  it('takes 26 C elements a pixel trained whole, and 14.375 C trained as MobileTL does', () => {
    expect(elementsAPixel([])).toBe(plainElements({ channels, expansion }));
    expect(elementsAPixel(mobileTl({ train: blocks }))).toBe(mobileTlElements({ channels, expansion }));
    expect(elementsAPixel(mobileTl({ train: blocks, mask: 'exact' }))).toBe(14.375 * channels);
    expect([plainElements({ channels, expansion }), mobileTlElements({ channels, expansion })]).toEqual([
      26 * channels,
      14.375 * channels,
    ]);
  });

  it('takes 14 C without masks: the next convolution keeps ReLU6’s output anyway', () => {
    expect(elementsAPixel(mobileTl({ train: blocks, mask: 'off' }))).toBe(14 * channels);
  });

  it('takes C less with derived slots behind another block, whose last norm gives its output again', () => {
    const ofTwo = (first: number) => (first + (first - channels)) / 2;
    expect(elementsAPixel([], { derivedSlots: true })).toBe(ofTwo(26 * channels));
    expect(elementsAPixel(mobileTl({ train: blocks }), { derivedSlots: true })).toBe(ofTwo(14.375 * channels));
  });

  it('by the formulas of MobileNetV3’s block takes 44 C and 20.375 C', () => {
    expect(plainElements({ channels, expansion, third: true })).toBe(44 * channels);
    expect(mobileTlElements({ channels, expansion, third: true })).toBe(20.375 * channels);
  });
});

describe('what a trained block keeps', () => {
  it('is nothing of an inner norm, ⌈n / 32⌉ words of an activation, inputs of convolutions and of the last norm', () => {
    const model = new InvertedResiduals(3, 2, 3);
    const batch = imageBatch(3, 3, 1);
    const { saved } = recordedStep(model, [mobileTl({ train: 1 })], batch);
    const kept = saved.map(({ modulePath, operand, shape }) => [modulePath, operand, shape.at(-1)]);
    expect(kept.filter(([path]) => `${path}`.startsWith('blocks'))).toEqual([
      ['blocks.2.expand.conv', 'x', 3],
      ['blocks.2.expand.activation', 'y', 6],
      ['blocks.2.depthwise.conv', 'x', 6],
      ['blocks.2.depthwise.activation', 'y', 6],
      ['blocks.2.project.conv', 'x', 6],
      ['blocks.2.project.norm', 'x', 3],
      ['blocks.2.project.norm', 'mean', 3],
      ['blocks.2.project.norm', 'variance', 3],
    ]);
    const words = Math.ceil((9 * 6) / 32);
    expect(words).toBe(2);
    const floats = 9 * (3 + 6 + 6 + 3) + 2 * 3;
    const head = saved.filter(({ modulePath }) => !modulePath.startsWith('blocks'));
    const { savedBytes } = recordedStep(model, [mobileTl({ train: 1 })], batch);
    expect(savedBytes).toBe(4 * (floats + 2 * words) + head.reduce((sum, { bytes }) => sum + bytes, 0));
    model.dispose();
    disposeBatch(batch);
  });

  it('is nothing below the cut, which is not on the tape; what lies above keeps masks alone', () => {
    const model = new MobileNetV2({ classes: 3, widthMultiplier: 0.1, dropout: 0, random: randomStream(3) });
    const batch = imageBatch(3, 32, 1);
    const { nodes, saved } = recordedStep(model, [mobileTl({ train: 2 })], batch);
    const taped = [...new Set(nodes.map(([path]) => path.replace(/^(blocks\.\d+|[a-z]+).*/, '$1')))];
    expect(taped).toEqual(['blocks.15', 'blocks.16', 'last', 'pool', 'classifier', '']);
    const above = saved.filter(({ modulePath }) => modulePath.startsWith('last'));
    expect(above.map(({ modulePath }) => modulePath)).toEqual(['last.activation']);
    model.dispose();
    disposeBatch(batch);
  });
});
