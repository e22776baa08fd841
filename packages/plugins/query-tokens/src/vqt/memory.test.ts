import { afterEach, describe, expect, it } from 'vitest';
import { elements, type Recorded, recordedStep } from '../recorded-step.ts';
import { disposeBatch, images, type TestBatch, type TestModel, tinyVision } from '../test-models.ts';
import { queryTokens } from './index.ts';
import type { QueryTokensOptions } from './options.ts';

const [width, heads, hidden, layers, batchSize] = [8, 2, 12, 2, 3];
let model: TestModel;
let batch: TestBatch;

afterEach(() => {
  model.dispose();
  disposeBatch(batch);
});

/** A step on images of `side` / 2 patches a side, without a class token. */
function recorded(side: number, options: Partial<QueryTokensOptions>): Recorded {
  model?.dispose();
  if (batch) disposeBatch(batch);
  model = tinyVision({ imageSize: side, pooling: 'mean' });
  batch = images(batchSize, side);
  return recordedStep(model, queryTokens({ count: 3, dropout: 0, head: { classes: 3 }, ...options }), batch);
}

const ofAttention = ({ saved }: Recorded) => saved.filter(({ kernel }) => /Attention$/.test(kernel));
const sizeOf = (each: Recorded) => elements(ofAttention(each)) / layers / batchSize;

describe('what is kept of attention, a block and a sample', () => {
  it.each([
    ['memory', 2],
    ['recompute', 1],
  ] as const)('is H·T·N and, with keep %s, %i·N·d', (keep, copies) => {
    for (const count of [3, 6]) {
      for (const [side, tokens] of [
        [4, 4],
        [8, 16],
      ] as const) {
        expect(sizeOf(recorded(side, { keep, count }))).toBe(heads * count * tokens + copies * tokens * width);
      }
    }
  });

  it('grows with the tokens, not with their square: no map of tokens by tokens is kept', () => {
    const [few, many] = [recorded(4, {}), recorded(8, {})];
    expect(sizeOf(many) / sizeOf(few)).toBe(16 / 4);
    for (const { shape } of many.saved) expect(shape.slice(-2)).not.toEqual([16, 16]);
  });
});

it('a block keeps its queries’ rows twice, their hidden layer once, and statistics, beside attention', () => {
  const { saved } = recorded(4, {});
  const inBlock = saved.filter((each) => each.modulePath.startsWith('layers.0.') && !/Attention$/.test(each.kernel));
  expect(elements(inBlock) / batchSize).toBe(3 * width + 3 * width + 3 * hidden + 4 * 3);
});
