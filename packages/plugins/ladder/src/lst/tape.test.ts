import { crossEntropy, type TextEncoder } from '@tapgrad/nn';
import { describe, expect, it } from 'vitest';
import { ladder } from '../index.ts';
import { elements, type Recorded, recordedStep } from '../recorded-step.ts';
import { disposeBatch, tinyBatch, tinyEncoder } from '../test-models.ts';
import type { LadderOptions } from './options.ts';

const [batchSize, tokens, width, heads, layers, classes] = [4, 5, 32, 2, 3, 3];
const reduction = 8;
const sideWidth = width / reduction;

function recordStep(backbone: TextEncoder, options: LadderOptions): Recorded {
  const batch = tinyBatch(batchSize, tokens, classes);
  const recorded = recordedStep(backbone, ladder({ reduction, init: 'random', ...options }), batch, crossEntropy);
  disposeBatch(batch);
  return recorded;
}

function model(): TextEncoder {
  return tinyEncoder({ width, heads, layers, hidden: 4 * width, classes });
}

describe('what a ladder leaves on the tape', () => {
  it.each<[string, LadderOptions, RegExp]>([
    ['a new classifier', { head: { classes } }, /^(ladder\/|$)/],
    ['the frozen head', { head: 'upsample' }, /^(ladder\/|head$|$)/],
  ])('is no op of the backbone, with %s', (_, options, allowed) => {
    const backbone = model();
    const { nodes, saved } = recordStep(backbone, options);
    // The frozen head passes the gradient on by its weight: it keeps no activation.
    expect(saved.filter(({ modulePath }) => modulePath === 'head')).toEqual([]);
    expect(nodes.length).toBeGreaterThan(20);
    expect(nodes.filter(([path]) => !allowed.test(path))).toEqual([]);
    // Outside modules: the loss alone.
    const outside = nodes.filter(([path]) => path === '').map(([, kernel]) => kernel);
    expect(outside.filter((kernel) => !/Entropy|Mean|Sum|Reshape|Div|Mul|Cast|Identity/.test(kernel))).toEqual([]);
    backbone.dispose();
  });

  it.each<[string, LadderOptions, number]>([
    ['all blocks', {}, layers],
    ['a dropped block', { drop: [1] }, layers - 1],
  ])('keeps of the backbone’s width the inputs of the projections only, with %s', (_, options, kept) => {
    const backbone = model();
    const { saved } = recordStep(backbone, { head: { classes }, ...options });
    const wide = saved.filter(({ shape }) => shape.at(-1) === width);
    expect(wide.map(({ modulePath }) => modulePath)).toEqual([
      'ladder/side.entrance.down',
      ...Array.from({ length: kept }, (_, rung) => `ladder/side.rungs.${rung}.down`),
    ]);
    expect(elements(wide)).toBe((kept + 1) * batchSize * tokens * width);
    const logits = saved.filter(({ kernel, shape }) => kernel.includes('CrossEntropy') && shape.at(-1) === classes);
    expect(logits.map(({ shape }) => shape)).toEqual([[batchSize, classes]]);
    backbone.dispose();
  });

  it('keeps of a side block the formula of a block with d / r, and the full H N² of its attention maps', () => {
    const backbone = model();
    const { saved } = recordStep(backbone, { head: { classes } });
    const block = saved.filter(({ modulePath }) => modulePath.startsWith('ladder/side.rungs.1.block'));
    const perImage = 16 * tokens * sideWidth + heads * tokens ** 2 + 4 * tokens;
    expect(elements(block)).toBe(batchSize * perImage);
    // The gate's difference.
    const gates = saved.filter(({ modulePath }) => modulePath === 'ladder/side.rungs.1');
    expect(elements(gates)).toBe(batchSize * tokens * sideWidth);
    backbone.dispose();
  });
});
