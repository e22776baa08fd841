import { describe, expect, it } from 'vitest';
import { pickSentences, tokens, tokenTable } from './sentences.ts';

const examples = Array.from({ length: 60 }, (_, index) => ({
  text: `sentence ${index % 50}`,
  label: index % 50 < 44 ? 'common' : 'rare',
}));
const labels = ['rare', 'common'];

describe('picked sentences', () => {
  const counts = { train: 20, validation: 6, test: 10 };
  const of = (label: string, part: readonly { label: string }[]) => part.filter((each) => each.label === label).length;

  it('are distinct, in three disjoint parts, the same every time', () => {
    const { train, validation, test } = pickSentences(examples, labels, counts);
    const texts = [...train, ...validation, ...test].map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    expect([train, validation, test].map((part) => of('common', part))).toEqual([20, 6, 7]);
    expect(pickSentences(examples, labels, counts)).toEqual({ train, validation, test });
  });

  it('of a rare class are mostly learnt from', () => {
    const { train, validation, test } = pickSentences(examples, labels, counts);
    expect([train, validation, test].map((part) => of('rare', part))).toEqual([4, 1, 1]);
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
