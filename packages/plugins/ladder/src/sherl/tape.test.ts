import { crossEntropy } from '@tapgrad/nn';
import { describe, expect, it } from 'vitest';
import { sherl } from '../index.ts';
import { elements, type Recorded, recordedStep } from '../recorded-step.ts';
import { disposeBatch, imageBatch, tinyBatch, tinyEncoder, tinyResNet } from '../test-models.ts';
import type { SherlOptions } from './options.ts';

const [batchSize, tokens, width, heads, hidden] = [4, 5, 32, 2, 64];
const rows = batchSize * tokens;

function recorded(layers: number, options: SherlOptions = {}): Recorded {
  const [model, batch] = [tinyEncoder({ width, heads, layers, hidden }), tinyBatch(batchSize, tokens)];
  const made = recordedStep(model, sherl({ dropout: 0, ...options }), batch, crossEntropy);
  model.dispose();
  disposeBatch(batch);
  return made;
}

describe('what SHERL leaves on the tape', () => {
  it('is the late layer and what follows it, and nothing of the layers before', () => {
    const { nodes } = recorded(3);
    expect(nodes.filter(([path]) => !/^(sherl\/|layers\.2|norm$|pool$|head$|$)/.test(path))).toEqual([]);
    expect(nodes.some(([path]) => path.startsWith('layers.2.attention'))).toBe(true);
  });

  it('is the late layer alone with a new classifier: the model’s own end runs untaped', () => {
    const { nodes } = recorded(3, { head: { classes: 3 } });
    expect(nodes.filter(([path]) => !/^(sherl\/|layers\.2|$)/.test(path))).toEqual([]);
  });

  it('keeps of the late layer what a frozen block keeps', () => {
    const { saved } = recorded(3);
    const late = saved.filter(({ modulePath }) => modulePath.startsWith('layers.2'));
    // Inputs of two norms with their statistics, query, key and value, the attention map, the hidden layer.
    const frozen = 5 * rows * width + 4 * rows + batchSize * heads * tokens ** 2 + rows * hidden;
    expect(elements(late)).toBe(frozen);
  });

  it('keeps for each more early layer its output and values k wide, no attention map and no hidden layer', () => {
    const [short, long] = [recorded(3), recorded(4)];
    const k = width / 2;
    const ofShape = ({ saved }: Recorded, last: number) =>
      elements(saved.filter(({ shape, modulePath }) => shape.at(-1) === last && modulePath.startsWith('sherl/down')));
    expect(ofShape(long, width) - ofShape(short, width)).toBe(rows * width);
    const grown = elements(long.saved) - elements(short.saved);
    const statistics = 2 * rows;
    const sharing = elements(long.saved.filter(({ shape }) => shape.join() === `${rows},3,3`));
    // Projection, its direction, the stack of states: k wide. What is left are a few numbers a token and state.
    const narrow = grown - rows * width - statistics;
    expect(narrow).toBeGreaterThanOrEqual(2 * rows * k);
    expect(narrow).toBeLessThanOrEqual(4 * rows * k + 3 * sharing + 20 * rows);
    expect(long.saved.filter(({ shape }) => shape.length === 4).length).toBe(
      short.saved.filter(({ shape }) => shape.length === 4).length,
    );
  });

  it('keeps pooled maps beside a ResNet, not the maps themselves', () => {
    const [model, batch] = [tinyResNet(), imageBatch(batchSize)];
    const plugin = sherl({ blocks: 'layer*.*', head: { classes: 3 } });
    const { nodes, saved } = recordedStep(model, plugin, batch, crossEntropy);
    expect(nodes.filter(([path]) => !/^(sherl\/|layer2\.1|$)/.test(path))).toEqual([]);
    const inputs = saved.filter(({ modulePath }) => /^sherl\/down-\d+\.linear$/.test(modulePath));
    expect(inputs.map(({ shape }) => shape)).toEqual([
      [batchSize, 4, 4, 4],
      [batchSize, 4, 4, 8],
    ]);
    model.dispose();
    disposeBatch(batch);
  });
});
