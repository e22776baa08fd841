import { crossEntropy } from '@tapgrad/nn';
import { describe, expect, it } from 'vitest';
import { unipt } from '../index.ts';
import { elements, type Recorded, recordedStep } from '../recorded-step.ts';
import { disposeBatch, imageBatch, tinyBatch, tinyEncoder, tinyResNet } from '../test-models.ts';
import type { UniptOptions } from './options.ts';

const [batchSize, tokens, width, layers] = [4, 5, 32, 3];
const rows = batchSize * tokens;
const k = width / 2;

function recorded(depth: number, options: UniptOptions = {}): Recorded {
  const [model, batch] = [tinyEncoder({ width, heads: 2, layers: depth, hidden: 64 }), tinyBatch(batchSize, tokens)];
  const made = recordedStep(model, unipt(options), batch, crossEntropy);
  model.dispose();
  disposeBatch(batch);
  return made;
}

describe('what UniPT leaves on the tape', () => {
  it.each<[string, UniptOptions, RegExp]>([
    ['the frozen head', {}, /^(unipt\/|head$|$)/],
    ['a new classifier', { head: { classes: 3 } }, /^(unipt\/|$)/],
  ])('is no op of the backbone, with %s', (_, options, allowed) => {
    const { nodes } = recorded(layers, options);
    expect(nodes.length).toBeGreaterThan(20);
    expect(nodes.filter(([path]) => !allowed.test(path))).toEqual([]);
  });

  it('keeps every frozen state, (L + 1) N d, as the input of its projection', () => {
    const { saved } = recorded(layers, { head: { classes: 3 } });
    const inputs = saved.filter(({ modulePath }) => /narrow-\d+\.linear$/.test(modulePath));
    expect(inputs.map(({ shape }) => shape)).toEqual(new Array(layers + 1).fill([batchSize, tokens, width]));
  });

  it('keeps one attention map a state, and values k wide', () => {
    const { saved } = recorded(layers, { head: { classes: 3 } });
    const maps = saved.filter(({ shape }) => shape.join() === `${batchSize},${tokens},${tokens}`);
    expect(maps.length).toBe(layers + 1);
    // Two more blocks: inputs of projection and norm, the normed state, its interaction; statistics, sums and means.
    const [short, long] = [recorded(3, { head: { classes: 3 } }), recorded(5, { head: { classes: 3 } })];
    const grown = (elements(long.saved) - elements(short.saved)) / 2;
    const state = rows * width + batchSize * tokens ** 2 + 3 * rows * k;
    const few = 4 * rows + batchSize * (k + 2);
    expect(grown).toBeGreaterThanOrEqual(state);
    expect(grown).toBeLessThanOrEqual(state + few);
  });

  it('is no op of a ResNet either', () => {
    const [model, batch] = [tinyResNet(), imageBatch(batchSize)];
    const plugin = unipt({ blocks: 'layer*.*', at: 'fc' });
    const { nodes } = recordedStep(model, plugin, batch, crossEntropy);
    expect(nodes.filter(([path]) => !/^(unipt\/|fc$|$)/.test(path))).toEqual([]);
    model.dispose();
    disposeBatch(batch);
  });
});
