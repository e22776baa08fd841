import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode as encodePng } from 'fast-png';
import { encode as encodeJpeg } from 'jpeg-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadDataset } from './load-dataset.ts';

let folder = '';
const options = { size: 4, seed: 1 };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapgrad-continual-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string | Uint8Array) => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
};
const png = (grey: number) =>
  encodePng({ width: 2, height: 2, channels: 1, depth: 8, data: new Uint8Array(4).fill(grey) });
const jpeg = (grey: number) =>
  encodeJpeg({ width: 8, height: 8, data: new Uint8Array(256).map((_, i) => (i % 4 === 3 ? 255 : grey)) }, 95).data;

describe('a folder of labelled images', () => {
  it('gives resized images, and names what it left out', () => {
    for (let index = 0; index < 5; index++) {
      file(`dark/${index}.png`, png(10 + index));
      file(`light/${index}.JPG`, jpeg(200 + index));
    }
    file('dark/notes.txt', 'mine');
    file('dark/.DS_Store', 'x');
    file('loose.png', png(0));
    mkdirSync(join(folder, 'nothing'));
    const set = loadDataset({ data: folder, ...options });
    if (set.kind !== 'images') throw new Error(set.kind);
    expect(set.labels).toEqual(['dark', 'light']);
    expect(set.shape).toEqual([4, 4, 3]);
    expect([set.train.classes.length, set.test.classes.length]).toEqual([8, 2]);
    const firstPixels = Array.from(set.train.classes, (_, row) => set.train.pixels[row * 48] as number);
    set.train.classes.forEach((each, row) => {
      expect((firstPixels[row] as number) > 100).toBe(each === 1);
    });
    expect(set.notes).toEqual([
      'left out, not in a folder of a label: loose.png',
      'left out, neither png, jpg nor jpeg: dark/notes.txt',
      'left out, without images: nothing',
    ]);
  });

  it('is the same each time, another with another seed, and fewer where fewer are asked for', () => {
    for (const label of ['a', 'b']) for (let index = 0; index < 30; index++) file(`${label}/${index}.png`, png(index));
    const first = loadDataset({ data: folder, ...options });
    expect(loadDataset({ data: folder, ...options })).toEqual(first);
    expect(loadDataset({ data: folder, ...options, seed: 2 })).not.toEqual(first);
    const few = loadDataset({ data: folder, ...options, train: 3, test: 2 });
    expect([few.train.classes.length, few.test.classes.length]).toEqual([6, 4]);
  });

  it.each([
    ['an empty folder', {}, 'DATASET_INVALID', 'no image in a folder of its label'],
    ['images without folders', { 'x.png': png(1) }, 'DATASET_INVALID', 'no image in a folder of its label'],
    ['one label', { 'a/x.png': png(1), 'a/y.png': png(2) }, 'DATASET_INVALID', 'found only "a"'],
    ['a broken image', { 'a/x.png': png(1).slice(0, 40), 'b/x.png': png(1) }, 'IMAGE_UNREADABLE', 'a/x.png'],
    ['another format', { 'a/x.png': 'GIF89a', 'b/x.png': png(1) }, 'IMAGE_UNREADABLE', 'neither PNG nor JPEG'],
    ['an empty file', { 'a/x.jpg': '', 'b/x.png': png(1) }, 'IMAGE_UNREADABLE', 'the file is empty'],
  ])('refuses %s', (_, files, code, message) => {
    for (const [name, content] of Object.entries(files)) file(name, content as string | Uint8Array);
    expect(() => loadDataset({ data: folder, ...options })).toThrow(
      expect.objectContaining({ code, reason: expect.stringContaining(message), fix: expect.any(String) }),
    );
  });
});

describe('a TSV file', () => {
  it('gives texts of both parts; a text that is repeated is used once, and that is said', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `text ${index}\t${index % 2 ? 'odd' : 'even'}`);
    const data = file('x.tsv', `text\tlabel\n${[...lines, 'text 1\todd', 'alone\tsingle'].join('\r\n')}\n`);
    const set = loadDataset({ data, ...options });
    if (set.kind !== 'text') throw new Error(set.kind);
    expect(set.labels).toEqual(['even', 'odd', 'single']);
    expect([set.train.texts.length, set.test.texts.length]).toEqual([17, 4]);
    expect(new Set([...set.train.texts, ...set.test.texts]).size).toBe(21);
    set.test.texts.forEach((text, row) => {
      expect(Number(text.split(' ')[1]) % 2).toBe(set.test.classes[row]);
    });
    expect(set.notes).toEqual([
      'used once: 1 line repeats the text of another',
      'learnt but not tested, as there is a single sample of each: single',
    ]);
  });

  it.each([
    ['a\tb\nno tab here', 'x.tsv:2: the label is missing: there is no tab'],
    ['a\tb\tc', 'x.tsv:1: there are 3 columns'],
    ['\tlabel', 'x.tsv:1: the text is empty'],
    ['a\t ', 'x.tsv:1: the label is empty'],
    ['text\tlabel\n', 'x.tsv: there are no examples in it'],
    ['a\tx\nb\tx', 'found only "x"'],
    ['a\tx\nb\ty', 'no label has two different texts'],
  ])('refuses %j', (content, message) => {
    const data = file('x.tsv', content);
    expect(() => loadDataset({ data, ...options })).toThrow(
      expect.objectContaining({ code: 'DATASET_INVALID', reason: expect.stringContaining(message) }),
    );
  });

  it('says which file is missing', () => {
    expect(() => loadDataset({ data: 'no-such.tsv', ...options })).toThrow(
      expect.objectContaining({ code: 'DATASET_MISSING', reason: 'no such file: no-such.tsv' }),
    );
  });
});

describe('WordNet', () => {
  it('has 45 labels, as many samples of each as asked for', () => {
    const set = loadDataset({ data: 'wordnet', ...options, train: 20, test: 5 });
    expect(set.labels).toHaveLength(45);
    expect([set.train.classes.length, set.test.classes.length]).toEqual([900, 225]);
  });
});
