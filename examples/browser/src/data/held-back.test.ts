import { randomStream } from '@tapgrad/core';
import { expect, it } from 'vitest';
import { heldBack } from './held-back.ts';

const examples = Array.from({ length: 30 }, (_, index) => ({
  text: `sentence ${index}`,
  label: index === 0 ? 'rare' : `label ${index % 3}`,
}));

it('keeps a fifth back, the same one for the same seed, and no sentence twice', () => {
  const { train, test } = heldBack(examples, randomStream(1, 'split'));
  expect(test).toHaveLength(6);
  expect(new Set([...train, ...test].map(({ text }) => text)).size).toBe(30);
  expect(heldBack(examples, randomStream(1, 'split')).test).toEqual(test);
  expect(heldBack(examples, randomStream(2, 'split')).test).not.toEqual(test);
});

it('never takes the last sentence of a label away from training', () => {
  for (let seed = 0; seed < 20; seed++) {
    const { train } = heldBack(examples, randomStream(seed, 'split'));
    expect(new Set(train.map(({ label }) => label)).size).toBe(4);
  }
});

it('keeps none of a few back', () => {
  expect(heldBack(examples.slice(0, 19), randomStream(1, 'split')).test).toEqual([]);
});
