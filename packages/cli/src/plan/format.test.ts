import { describe, expect, it } from 'vitest';
import { byKind, bytes } from './format.ts';

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [38_535_424, '38.5 MB'],
    [7_508_270_916, '7.51 GB'],
  ])('%i are %s', (count, text) => expect(bytes(count)).toBe(text));
});

it('blocks of one kind are one row, the largest first', () => {
  const modules = new Map([
    ['layers.0.mlp', 10],
    ['head', 15],
    ['layers.12.mlp', 20],
    ['layer2.1.conv1', 5],
    ['', 1],
  ]);
  expect(byKind(modules)).toEqual([
    ['layers.*.mlp', 30],
    ['head', 15],
    ['layer2.*.conv1', 5],
    ['(no module)', 1],
  ]);
});
