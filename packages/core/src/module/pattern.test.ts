import { expect, it } from 'vitest';
import { pathMatcher, splitTapPattern } from './pattern.ts';

it.each([
  ['blocks.*', 'blocks.3', true],
  ['blocks.*', 'blocks.3.mlp', false],
  ['blocks.**', 'blocks.3.mlp', true],
  ['blocks.[0-1].{mlp,attention}', 'blocks.1.mlp', true],
  ['blocks.[0-1].{mlp,attention}', 'blocks.2.mlp', false],
  ['**', '', true],
  ['', '', true],
  ['', 'blocks', false],
])('the pattern "%s" on the path "%s": %s', (pattern, path, matches) => {
  expect(pathMatcher(pattern)(path)).toBe(matches);
});

it('a tap pattern names the output unless it says otherwise', () => {
  expect(splitTapPattern('blocks.*')).toEqual({ path: 'blocks.*', point: 'output' });
  expect(splitTapPattern('**.attention:key')).toEqual({ path: '**.attention', point: 'key' });
  expect(splitTapPattern(':output')).toEqual({ path: '', point: 'output' });
});
