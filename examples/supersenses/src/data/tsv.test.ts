import { describe, expect, it } from 'vitest';
import { UserError } from '../user-error.ts';
import { parseTsv, readTsv } from './tsv.ts';

describe('TSV of text and label', () => {
  it('reads lines, skips the header, blank lines, carriage returns and a byte order mark', () => {
    expect(parseTsv('\uFEFFtext\tlabel\r\na cat\tanimal\r\n\r\n an oak \t plant \n', 'x.tsv')).toEqual([
      { text: 'a cat', label: 'animal' },
      { text: 'an oak', label: 'plant' },
    ]);
  });

  it.each([
    ['a cat\tanimal\nno tab here', 'x.tsv:2: expected "text<tab>label", found no tab'],
    ['a\tb\tc', 'x.tsv:1: expected "text<tab>label", found 2 tabs'],
    ['\tanimal', 'x.tsv:1: the text is empty'],
    ['a cat\t ', 'x.tsv:1: the label is empty'],
    ['text\tlabel\n', 'x.tsv: no examples in it'],
    ['a cat\tanimal\na car\tthing', 'x.tsv:2: unknown label "thing"; expected animal, plant'],
  ])('refuses %j', (content, message) => {
    expect(() => parseTsv(content, 'x.tsv', ['animal', 'plant'])).toThrow(new UserError(message));
  });

  it('says which file is missing', () => {
    expect(() => readTsv('missing.tsv')).toThrow(new UserError('no such file: missing.tsv'));
  });
});
