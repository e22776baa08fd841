import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadEmoji } from './emoji.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapgrad-emoji-'));
  mkdirSync(join(folder, 'img/google/64'), { recursive: true });
  const entries = [
    ['dog', 'Animals & Nature', true],
    ['flag', 'Flags', true],
    ['tone', 'Component', true],
    ['bus', 'Travel & Places', true],
    ['elsewhere', 'Animals & Nature', false],
  ].map(([name, category, has_img_google], index) => {
    const data = new Uint8Array(4).fill(index);
    writeFileSync(join(folder, 'img/google/64', `${name}.png`), encode({ width: 2, height: 2, channels: 1, data }));
    return { image: `${name}.png`, category, has_img_google };
  });
  writeFileSync(join(folder, 'emoji.json'), JSON.stringify(entries));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('emoji are read with their category; flags, skin tones and what Noto lacks are left out', () => {
  const { pixels, classes, shape, labels } = loadEmoji(folder);
  expect(labels).toEqual(['Animals & Nature', 'Travel & Places']);
  expect([...classes]).toEqual([0, 1]);
  expect(shape).toEqual([2, 2, 3]);
  expect([...pixels]).toEqual([...new Array(12).fill(0), ...new Array(12).fill(3)]);
});
