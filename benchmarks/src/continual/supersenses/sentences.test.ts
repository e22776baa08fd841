import { describe, expect, it } from 'vitest';
import { pickSentences, tokens, tokenTable } from './sentences.ts';

const examples = Array.from({ length: 60 }, (_, index) => ({
  text: `sentence ${index % 50}`,
  label: index % 50 < 44 ? 'common' : 'rare',
}));
const labels = ['rare', 'common'];

describe('picked sentences', () => {
  it('are distinct, in two disjoint parts, the same every time', () => {
    const { train, test } = pickSentences(examples, labels, { train: 20, test: 10 });
    const texts = [...train, ...test].map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(train.filter(({ label }) => label === 'common')).toHaveLength(20);
    expect(test.filter(({ label }) => label === 'common')).toHaveLength(10);
    expect(pickSentences(examples, labels, { train: 20, test: 10 })).toEqual({ train, test });
  });

  it('of a rare class are mostly learnt from', () => {
    const { train, test } = pickSentences(examples, labels, { train: 20, test: 10 });
    const rare = (part: readonly { label: string }[]) => part.filter(({ label }) => label === 'rare').length;
    expect([rare(train), rare(test)]).toEqual([4, 2]);
  });
});

it('sentences become rows of one length with the place of their label', () => {
  const encode = (text: string) => Array.from(text, (_, index) => index + 5);
  const { ids, labels: places } = tokenTable(
    [
      { text: 'ab', label: 'common' },
      { text: '', label: 'rare' },
      { text: 'x'.repeat(99), label: 'rare' },
    ],
    labels,
    encode,
  );
  expect([...places]).toEqual([1, 0, 0]);
  expect([...ids.subarray(0, 4)]).toEqual([5, 6, -1, -1]);
  expect([...ids.subarray(tokens, tokens + 2)]).toEqual([0, -1]);
  expect(ids[3 * tokens - 1]).toBe(tokens + 4);
});
