import { record } from '@tapgrad/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { randomTensor } from '../test-support.ts';
import { TransformerBlock } from './transformer-block.ts';

const [batch, tokens, width, heads] = [2, 5, 8, 2];
const perImage = tokens * width;
const maps = heads * tokens ** 2;
const statistics = 4 * tokens;

/** Elements saved for one image, input of the block included, when the named parameters train. */
function savedElements(trains: (name: string) => boolean, derivedSlots: boolean): number {
  const block = new TransformerBlock({ width, heads });
  const x = randomTensor([batch, tokens, width]);
  const trained = [...block.namedParameters()].filter(([name]) => trains(name));
  const parameters = Object.fromEntries(trained.map(([name, each]) => [name, each.variable as Tensor]));
  const { value, tape } = record(() => block.call(x), { parameters: { ...parameters, x }, derivedSlots });
  const elements = tape.savedBytes / 4 / batch;
  tape.dispose();
  value.dispose();
  x.dispose();
  block.dispose();
  return elements;
}

describe('what a pre-norm transformer block saves', () => {
  it('16 N d + H N^2 elements an image and the statistics of its norms when everything trains', () => {
    expect(savedElements(() => true, false)).toBe(16 * perImage + maps + statistics);
  });

  it('10 N d + H N^2 with derived slots', () => {
    expect(savedElements(() => true, true)).toBe(10 * perImage + maps + statistics);
  });

  it('9 N d + H N^2 when only biases train', () => {
    expect(savedElements((name) => name.endsWith('.bias'), false)).toBe(9 * perImage + maps + statistics);
  });
});
